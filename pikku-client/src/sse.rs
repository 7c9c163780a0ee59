//! Server-sent events, read piece by piece as they arrive.

use std::collections::VecDeque;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Frame {
    /// The kind, empty for a plain message.
    pub(crate) event: String,
    pub(crate) data: String,
}

/// Puts events together from pieces that may end anywhere, within a character too.
#[derive(Debug, Default)]
pub(crate) struct Parser {
    /// The beginning of a line that hasn't ended.
    line: Vec<u8>,
    has_begun: bool,
    /// Whether the last line ended with a carriage return, so that a line feed right after it ends no other.
    after_return: bool,
    event: String,
    data: Option<String>,
    ready: VecDeque<Frame>,
}

impl Parser {
    /// Takes the next piece in.
    pub(crate) fn push(&mut self, piece: &[u8]) {
        for &byte in piece {
            let is_second_half = std::mem::take(&mut self.after_return) && byte == b'\n';
            match byte {
                b'\n' if is_second_half => {}
                b'\n' | b'\r' => {
                    self.after_return = byte == b'\r';
                    let line = std::mem::take(&mut self.line);
                    self.end_line(&line);
                }
                _ => self.line.push(byte),
            }
        }
    }

    /// The next whole event.
    pub(crate) fn pop(&mut self) -> Option<Frame> {
        self.ready.pop_front()
    }

    fn end_line(&mut self, line: &[u8]) {
        let line = if std::mem::replace(&mut self.has_begun, true) {
            line
        } else {
            line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line)
        };
        let line = String::from_utf8_lossy(line);
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            if let Some(data) = self.data.take() {
                self.ready.push_back(Frame { event, data });
            }
            return;
        }
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.event),
            "data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            },
            // Comments keep the connection alive; `id` and `retry` are for resuming, which streams here don't do.
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = "\u{FEFF}data: one\r\n\r\n: alive\n\ndata:two\ndata: lines\r\revent: error\ndata: {\"ä\":1}\nid: 7\n\nevent: empty\n\ndata\n\ndata: cut";

    fn expected() -> Vec<Frame> {
        [("", "one"), ("", "two\nlines"), ("error", "{\"ä\":1}"), ("", "")]
            .map(|(event, data)| Frame { event: event.to_owned(), data: data.to_owned() })
            .to_vec()
    }

    #[test]
    fn pieces_may_end_anywhere() {
        for size in 1..=STREAM.len() {
            let mut parser = Parser::default();
            let mut frames = Vec::new();
            for piece in STREAM.as_bytes().chunks(size) {
                parser.push(piece);
                frames.extend(std::iter::from_fn(|| parser.pop()));
            }
            assert_eq!(frames, expected(), "in pieces of {size}");
        }
    }
}
