//! Postgres over HTTP, asked by the client that asks TinyCRM: what is left of the difference when both have the same way to go.
//!
//! The server is as small as can be: it reads a head, asks Postgres its prepared statements, and answers with the rows as the JSON that
//! Postgres makes of them.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::block_in_place,
};
use tokio_postgres::{Client, Statement};

use crate::{
    Failure, Run,
    http::{Request, Server},
    loads::closed,
    postgres::{ENGINE, open},
    questions::Question,
};

/// What is asked this way: where an answer takes so little that the way counts.
const ASKED: [&str; 1] = ["needle"];

/// Times these questions over HTTP.
pub(crate) async fn times(run: &Run, questions: &[Question]) -> Result<(), Failure> {
    let mut all = serde_json::Map::new();
    for question in questions.iter().filter(|question| ASKED.contains(&question.name.as_str())) {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let server = Server { address: listener.local_addr()?.to_string(), key: String::new() };
        let peer = Arc::new(Peer::open(run, question).await?);
        let serving = tokio::spawn(serve(listener, peer));
        let timed = block_in_place(|| closed(&server, &Request::post("/", "{}"), run.time));
        serving.abort();
        let (mut http, ..) = timed?;
        let (best, median) = (http.quantile(0.0), http.quantile(0.5));
        all.insert(
            question.name.clone(),
            json!({ "best": best, "median": median, "p99": http.quantile(0.99), "runs": http.count() }),
        );
    }
    run.write("times-over-http", &Value::Object(all))
}

/// A connection to Postgres with the statements of a question.
struct Peer {
    client: Client,
    statements: Vec<Statement>,
}

impl Peer {
    async fn open(run: &Run, question: &Question) -> Result<Peer, Failure> {
        let client = open(run).await?;
        let mut statements = Vec::new();
        for statement in question.statements(ENGINE)? {
            let rows = format!("select coalesce(json_agg(t), '[]')::text from ({statement}) t");
            statements.push(client.prepare(&rows).await?);
        }
        Ok(Peer { client, statements })
    }

    /// The rows of each statement, as JSON.
    async fn answer(&self) -> Result<String, Failure> {
        let mut answers = Vec::new();
        for statement in &self.statements {
            answers.push(self.client.query_one(statement, &[]).await?.get::<_, String>(0));
        }
        Ok(format!("[{}]", answers.join(",")))
    }
}

async fn serve(listener: TcpListener, peer: Arc<Peer>) -> Result<(), Failure> {
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(converse(stream, peer.clone()));
    }
}

/// Answers one request after the other, until nobody asks.
async fn converse(stream: TcpStream, peer: Arc<Peer>) -> Result<(), Failure> {
    let (mut stream, mut line) = (BufReader::new(stream), String::new());
    loop {
        let mut length = 0;
        loop {
            line.clear();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            match line.trim_end().split_once(": ") {
                Some(("content-length", value)) => length = value.parse()?,
                None if line.trim_end().is_empty() => break,
                _ => {}
            }
        }
        stream.read_exact(&mut vec![0; length]).await?;
        let body = peer.answer().await?;
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.get_mut().write_all([head, body].concat().as_bytes()).await?;
    }
}
