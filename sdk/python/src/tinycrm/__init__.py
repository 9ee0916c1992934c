"""Tells TinyCRM who your customers are and anything else your product knows about them.

from tinycrm import TinyCRM

crm = TinyCRM()  # TINYCRM_API_KEY and TINYCRM_URL of the environment
crm.identify("ada@example.com", status="paid", params={"plan": "pro", "mrr": 29})
"""

from ._client import TinyCRM
from ._result import Result, TinyCRMError
from ._version import VERSION
from ._wire import FieldError, Item, Moment, Outcome, Status, UserId

__version__ = VERSION
__all__ = ["FieldError", "Item", "Moment", "Outcome", "Result", "Status", "TinyCRM", "TinyCRMError", "UserId"]
