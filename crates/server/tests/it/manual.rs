//! The examples of `docs/api.md`: each is sent as it stands there, and works.

use crate::support::server::TestServer;

#[tokio::test]
async fn the_examples_of_the_manual_work() {
    let server = TestServer::start().await;
    let manual = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/api.md")).unwrap();
    let examples = manual.split("```http\n").skip(1).filter_map(|rest| rest.split("```").next());
    let mut sent = 0;
    for example in examples {
        let (request, body) = example.trim_end().split_once("\n\n").unwrap_or((example.trim_end(), ""));
        let (method, path) = request.split_once(' ').unwrap();
        let answer = server.call(&server.keys.secret, method, path, body.to_owned()).await;
        assert!((200..300).contains(&answer.status), "{example}: {}", answer.text());
        sent += 1;
    }
    assert_eq!(sent, 11);
    let row = server.row(server.project.id, "ada@example.com").await.unwrap();
    assert_eq!(row["params"]["mrr"].to_string(), "29.90");
    assert_eq!(row["params"]["seats"], 5);
}
