//! One kept-alive HTTP/1.1 connection that costs the machine as little as it can.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::Failure;

/// A connection with the head of its requests.
pub(crate) struct Connection {
    stream: TcpStream,
    key: String,
    buffer: Vec<u8>,
}

impl Connection {
    /// Connects; requests will carry the key.
    pub(crate) async fn open(address: &str, key: &str) -> Result<Connection, Failure> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream, key: key.to_owned(), buffer: Vec::with_capacity(4096) })
    }

    /// Posts JSON and reads the answer; anything but 200 is an error.
    pub(crate) async fn post(&mut self, path: &str, body: &str) -> Result<(), Failure> {
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.key,
            body.len()
        );
        self.stream.write_all(request.as_bytes()).await?;
        self.buffer.clear();
        let head = loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err("the server closed the connection".into());
            }
            if let Some(end) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
        };
        let text = std::str::from_utf8(&self.buffer[..head])?;
        let (ok, length) =
            (text.starts_with("HTTP/1.1 200"), length(text).ok_or("an answer without a length")?);
        while self.buffer.len() < head + length {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err("the answer was cut short".into());
            }
        }
        if ok { Ok(()) } else { Err(String::from_utf8_lossy(&self.buffer).into_owned().into()) }
    }
}

fn length(head: &str) -> Option<usize> {
    let named = head.lines().filter_map(|line| line.split_once(':'));
    let mut found = named.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    found.next()?.1.trim().parse().ok()
}
