"""The client made by openapi-python-client, called as its user would; a type checker has read this before it runs."""

import os

from tiny_crm_client import AuthenticatedClient
from tiny_crm_client.api.customers import delete_customer, show_customer
from tiny_crm_client.api.query import query
from tiny_crm_client.api.segments import create_segment
from tiny_crm_client.api.write import batch, identify
from tiny_crm_client.models import (
    AnswerOut,
    BatchOut,
    CallsIn,
    DeletedOut,
    IdentifyInByEmail,
    IdentifyItemByUserId,
    IdentifyOut,
    PersonOut,
    PingItemByEmail,
    PingItemByEmailType,
    Problem,
    ProblemCode,
    QueryIn,
    SegmentIn,
    SegmentOut,
    StatusIn,
    Values,
)

client = AuthenticatedClient(base_url=os.environ["TINYCRM_URL"], token=os.environ["TINYCRM_API_KEY"])

params = Values.from_dict({"plan": "pro", "mrr": 29.9})
call = IdentifyInByEmail(email="py@example.com", status=StatusIn.PAID, params=params)
told = identify.sync(client=client, body=call)
assert isinstance(told, IdentifyOut) and told.created, told

ping = PingItemByEmail(email="py@example.com", type_=PingItemByEmailType.PING)
calls = CallsIn(items=[IdentifyItemByUserId(user_id="nobody"), ping])
results = batch.sync(client=client, body=calls, idempotency_key="from-python")
assert isinstance(results, BatchOut), results
assert [result.ok for result in results.results] == [False, True], results

answer = query.sync(client=client, body=QueryIn(filter_='email = "py@example.com"'))
assert isinstance(answer, AnswerOut) and answer.count == 1, answer

person = show_customer.sync("py@example.com", client=client)
assert isinstance(person, PersonOut), person
assert person.relationships[0].params["plan"] == "pro", person

wrong = query.sync(client=client, body=QueryIn(filter_="plan is pro"))
assert isinstance(wrong, Problem) and wrong.code == ProblemCode.INVALID_FILTER, wrong

saved = create_segment.sync(client=client, body=SegmentIn(name="By Python", filter_="params.mrr > 20"))
assert isinstance(saved, SegmentOut) and saved.slug == "by-python", saved

gone = delete_customer.sync("py@example.com", client=client)
assert isinstance(gone, DeletedOut) and gone.ok, gone
