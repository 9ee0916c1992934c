//! Text in another encoding as UTF-8, decoded as it is read.

use std::io::{self, Read};

use encoding_rs::{CoderResult, Decoder, Encoding};

const BUFFER: usize = 16 << 10;

/// A reader that yields UTF-8. Characters that there are not become the replacement character, and never an error.
pub(crate) struct Decoded<R> {
    input: R,
    decoder: Decoder,
    raw: Vec<u8>,
    /// Which bytes of `raw` are not decoded yet.
    from: usize,
    to: usize,
    text: Vec<u8>,
    /// Which bytes of `text` were not read yet.
    next: usize,
    is_over: bool,
}

impl<R: Read> Decoded<R> {
    /// Decodes; a byte order mark at the beginning is left out.
    pub(crate) fn new(input: R, encoding: &'static Encoding) -> Decoded<R> {
        Decoded {
            input,
            decoder: encoding.new_decoder_with_bom_removal(),
            raw: vec![0; BUFFER],
            from: 0,
            to: 0,
            text: Vec::new(),
            next: 0,
            is_over: false,
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        self.next = 0;
        self.text.resize(BUFFER * 4, 0);
        if self.from == self.to {
            (self.from, self.to) = (0, self.input.read(&mut self.raw)?);
        }
        let is_last = self.to == 0;
        let raw = &self.raw[self.from..self.to];
        let (result, read, written, _) = self.decoder.decode_to_utf8(raw, &mut self.text, is_last);
        self.from += read;
        self.text.truncate(written);
        self.is_over = is_last && result == CoderResult::InputEmpty;
        Ok(())
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.next == self.text.len() && !self.is_over {
            self.fill()?;
        }
        let count = buffer.len().min(self.text.len() - self.next);
        buffer[..count].copy_from_slice(&self.text[self.next..self.next + count]);
        self.next += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use encoding_rs::{SHIFT_JIS, UTF_16LE, WINDOWS_1252};

    use super::*;

    /// A reader that yields one byte at a time, so that characters come in halves.
    struct Drop<'a>(&'a [u8]);

    impl Read for Drop<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.0.len().min(1);
            buffer[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    #[test]
    fn halves_of_characters_become_whole() {
        let long = "Zoë 😀, ".repeat(20_000);
        let utf16: Vec<u8> = format!("\u{feff}{long}").encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (bytes, encoding, text) in [
            (utf16.as_slice(), UTF_16LE, long.as_str()),
            (b"Ren\xe9, 5 \x80", WINDOWS_1252, "René, 5 €"),
            (b"\x83e\x83X\x83g", SHIFT_JIS, "テスト"),
            (b"a\0\xff", UTF_16LE, "a\u{fffd}"),
            (b"", WINDOWS_1252, ""),
        ] {
            for whole in [true, false] {
                let input: Box<dyn Read> = if whole { Box::new(bytes) } else { Box::new(Drop(bytes)) };
                let mut read = String::new();
                Decoded::new(input, encoding).read_to_string(&mut read).unwrap();
                assert_eq!(read, text, "{}", encoding.name());
            }
        }
    }
}
