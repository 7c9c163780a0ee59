//! What the server has sent, on its way to whoever asked or listens.

use std::sync::Arc;

use serde_json::value::RawValue;

use super::{Inner, Request, Shared};
use crate::{
    error::{Error, Failure},
    problem::Problem,
    socket::{
        frame::Frame,
        subscription::{Notice, Source, decode_error},
        transport::Message,
    },
};

impl Shared {
    /// Takes in what the server has sent.
    pub(in crate::socket) fn receive(&self, message: Message) {
        match message {
            Message::Text(text) => match Frame::read(&text, &self.routing) {
                Ok(frame) => {
                    if matches!(frame, Frame::Own(_)) {
                        self.tell_text(text);
                    }
                    self.take_in(frame);
                }
                Err(cause) => {
                    if !self.tell_text(text) {
                        self.report(Error::Decode(decode_error(cause)));
                    }
                }
            },
            Message::Binary(bytes) => {
                self.inner().listeners.tell(&Source::Binary, Notice::Binary(bytes));
            }
        }
    }

    /// Tells those who take text as it came, and says whether there are any.
    fn tell_text(&self, text: String) -> bool {
        self.inner().listeners.tell(&Source::Texts, Notice::Text(Arc::new(text)))
    }

    fn take_in(&self, frame: Frame) {
        let (source, value) = match frame {
            Frame::Failure { action, id, problem } => return self.fail(action.as_deref(), id.as_deref(), problem),
            Frame::Reply { action, id, output } => {
                let output: Arc<RawValue> = output.into();
                let mut inner = self.inner();
                if let Some(request) = inner.take_request(action.as_deref(), id.as_deref()) {
                    // Whoever gave it up at this moment doesn't hear of it.
                    let _ = request.answer.send(Ok(Arc::clone(&output)));
                }
                drop(inner);
                let Some(action) = action else { return };
                (Source::Replies(action), output)
            }
            Frame::Push { topic, data } => (Source::Topic(topic), data.into()),
            Frame::Own(message) => (Source::Messages, message.into()),
        };
        self.inner().listeners.tell(&source, Notice::Json(value));
    }

    fn fail(&self, action: Option<&str>, id: Option<&str>, problem: Box<Problem>) {
        let request = self.inner().take_request(action, id);
        match request {
            Some(request) => {
                let _ = request.answer.send(Err(Failure::Problem(problem)));
            }
            // One with an id was for a request that was given up.
            None if id.is_none() => self.report(problem.into()),
            None => {}
        }
    }

    /// Tells an error that is nobody's in particular.
    fn report(&self, error: Error) {
        let error = Arc::new(error);
        let is_heard = self.inner().listeners.tell(&Source::Errors, Notice::Error(Arc::clone(&error)));
        if !is_heard {
            tracing::warn!(%error, "a message on a channel has failed");
        }
    }
}

impl Inner {
    /// The request that a reply is for.
    fn take_request(&mut self, action: Option<&str>, id: Option<&str>) -> Option<Request> {
        let (action, id) = (action?, id?);
        let is_asked = |request: &Request| request.action == action && request.id == id;
        // An id of ours is the number of the request; others have to be looked for.
        let number = id.parse().ok().filter(|number| self.requests.get(number).is_some_and(is_asked));
        let number = number.or_else(|| {
            let mut asked = self.requests.iter().filter(|(_, request)| is_asked(request));
            asked.next().map(|(number, _)| *number)
        });
        self.requests.remove(&number?)
    }
}
