//! A cheap HTTP client: one kept connection, requests made as bytes, answers cut at their length.

use anyhow::{Context, bail};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

pub struct Answer<'a> {
    pub status: u16,
    pub body: &'a [u8],
}

impl Answer<'_> {
    pub fn json(&self) -> anyhow::Result<Value> {
        serde_json::from_slice(self.body)
            .with_context(|| format!("{} {}", self.status, String::from_utf8_lossy(self.body)))
    }
}

/// The bytes of a request. `token` is empty for the public.
pub fn request(method: &str, path: &str, token: &str, body: &str) -> Vec<u8> {
    let mut out = format!("{method} {path} HTTP/1.1\r\nhost: bench\r\n");
    if !token.is_empty() {
        out.push_str("authorization: Bearer ");
        out.push_str(token);
        out.push_str("\r\n");
    }
    if !body.is_empty() {
        out.push_str(&format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len()));
    }
    out.push_str("\r\n");
    out.push_str(body);
    out.into_bytes()
}

impl Client {
    pub async fn connect(address: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(16 * 1024) })
    }

    /// The stream after its request was sent, for answers that do not end.
    pub async fn listen(mut self, request: &[u8]) -> anyhow::Result<TcpStream> {
        self.stream.write_all(request).await?;
        Ok(self.stream)
    }

    pub async fn send(&mut self, request: &[u8]) -> anyhow::Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let head_end = loop {
            self.more().await?;
            if let Some(at) = find(&self.buffer, b"\r\n\r\n") {
                break at + 4;
            }
        };
        let head = std::str::from_utf8(&self.buffer[..head_end])?.to_ascii_lowercase();
        let status: u16 = head.get(9..12).context("no status")?.parse()?;
        if let Some(length) = header(&head, "content-length: ") {
            let end = head_end + length.parse::<usize>()?;
            while self.buffer.len() < end {
                self.more().await?;
            }
            return Ok(Answer { status, body: &self.buffer[head_end..end] });
        }
        if header(&head, "transfer-encoding: ") == Some("chunked") {
            while !self.buffer.ends_with(b"0\r\n\r\n") {
                self.more().await?;
            }
            let end = unchunk(&mut self.buffer, head_end)?;
            return Ok(Answer { status, body: &self.buffer[head_end..end] });
        }
        Ok(Answer { status, body: &[] })
    }

    pub async fn get(&mut self, path: &str, token: &str) -> anyhow::Result<Answer<'_>> {
        self.send(&request("GET", path, token, "")).await
    }

    async fn more(&mut self) -> anyhow::Result<()> {
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            bail!("the server closed the connection");
        }
        Ok(())
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.split("\r\n").find_map(|line| line.strip_prefix(name))
}

pub fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

/// Joins the chunks that begin at `start`; answers where they end.
fn unchunk(buffer: &mut [u8], start: usize) -> anyhow::Result<usize> {
    let (mut from, mut to) = (start, start);
    loop {
        let line = find(&buffer[from..], b"\r\n").context("no end of a chunk's length")?;
        let length = usize::from_str_radix(std::str::from_utf8(&buffer[from..from + line])?, 16)?;
        from += line + 2;
        if length == 0 {
            return Ok(to);
        }
        buffer.copy_within(from..from + length, to);
        to += length;
        from += length + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_joined() {
        let mut bytes = b"head3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n".to_vec();
        let end = unchunk(&mut bytes, 4).unwrap();
        assert_eq!(&bytes[4..end], b"abcde");
    }

    #[test]
    fn a_request_says_how_long_it_is() {
        let bytes = request("POST", "/a", "t", "{}");
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.starts_with("POST /a HTTP/1.1\r\n") && text.ends_with("content-length: 2\r\n\r\n{}"));
    }
}
