//! The thread's script: what the upstream will answer, and what it was asked. Only `transport` and
//! `testing` see it.

use std::cell::{LazyCell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use super::{Reply, Sent};
use crate::transport::{Answer, Call, Fault, FaultKind};

type TokenCounter = Rc<dyn Fn(&str, &str) -> Option<u32>>;

#[derive(Default)]
pub(crate) struct Script {
    pub(crate) replies: VecDeque<Reply>,
    pub(crate) requests: Vec<Sent>,
    pub(crate) slept: Vec<Duration>,
    pub(crate) original_body: Vec<u8>,
    pub(crate) token_counter: Option<TokenCounter>,
}

thread_local! {
    static CURRENT: RefCell<Option<Rc<RefCell<Script>>>> = const { RefCell::new(None) };
}

/// Puts the former script back when dropped, also where a test panics.
pub(super) struct Installed(Option<Rc<RefCell<Script>>>);

pub(super) fn install(script: Rc<RefCell<Script>>) -> Installed {
    Installed(CURRENT.with(|current| current.replace(Some(script))))
}

impl Drop for Installed {
    fn drop(&mut self) {
        let former = self.0.take();
        CURRENT.with(|current| *current.borrow_mut() = former);
    }
}

/// Looks at the thread's script, if one is installed.
pub(crate) fn with<T>(look: impl FnOnce(&mut Script) -> T) -> Option<T> {
    let script = CURRENT.with(|current| current.borrow().clone())?;
    let mut script = script.borrow_mut();
    Some(look(&mut script))
}

/// The next reply, for this request.
pub(crate) fn answer(call: &Call) -> Result<Answer, Fault> {
    let missing = |what: &str| Fault::new(FaultKind::Broken, what);
    let reply = with(|script| {
        script.requests.push(Sent {
            method: call.method.clone(),
            url: format!("{}{}", call.origin(), call.path_with_query),
            headers: call.headers.clone(),
            body: call.body.clone().unwrap_or_default(),
        });
        script.replies.pop_front()
    });
    let reply = reply
        .ok_or_else(|| missing("there is no network here: run this inside testing::Upstream::run"))?
        .ok_or_else(|| missing("the script has no reply left for this request"))?;
    let (status, headers) = reply.outcome?;
    let headers = LazyCell::new(Box::new(move || headers) as Box<_>);
    Ok(Answer { status, headers, body: ScriptedBody { chunks: reply.chunks.into(), ending: reply.ending } })
}

/// A body that comes in the pieces of its reply.
pub(crate) struct ScriptedBody {
    chunks: VecDeque<Vec<u8>>,
    ending: Option<Fault>,
}

impl ScriptedBody {
    pub(crate) async fn read(&mut self) -> Result<Option<Vec<u8>>, Fault> {
        while let Some(chunk) = self.chunks.pop_front() {
            // The host never gives an empty piece.
            if !chunk.is_empty() {
                return Ok(Some(chunk));
            }
        }
        self.ending.take().map_or(Ok(None), Err)
    }
}
