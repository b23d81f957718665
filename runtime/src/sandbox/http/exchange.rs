//! A request under way.
//!
//! It goes on while its guest waits for the answer or for room in the request's body, and whenever the guest asks after it. Nothing
//! else drives it, so it never outlives its guest, and a guest that looks away for long may find that its upstream gave up.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use wasmtime::component::Resource;
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};

use super::codes::code;
use super::response::Response;
use super::types::{ErrorCode, HostFutureIncomingResponse};
use crate::egress::{EgressError, IncomingBody};
use crate::sandbox::state::State;

type Answer = Result<http::Response<IncomingBody>, EgressError>;

/// A request under way, as the guest holds it.
pub struct Exchange(Arc<Sending>);

/// What drives it, and what came of it.
pub(super) struct Sending(Mutex<Progress>);

enum Progress {
    Under(Pin<Box<dyn Future<Output = Answer> + Send>>),
    Answered(Box<Answer>),
    Taken,
}

impl Exchange {
    /// Nothing is sent before it's driven.
    pub(super) fn begin(sending: impl Future<Output = Answer> + Send + 'static) -> Self {
        Self(Arc::new(Sending(Mutex::new(Progress::Under(Box::pin(sending))))))
    }

    pub(super) fn sending(&self) -> &Arc<Sending> {
        &self.0
    }

    /// What came of it, once it's there and once only.
    fn take(&self) -> Option<Result<Answer, ()>> {
        if self.0.poll(&mut Context::from_waker(Waker::noop())).is_pending() {
            return None;
        }
        let mut progress = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        Some(match std::mem::replace(&mut *progress, Progress::Taken) {
            Progress::Answered(answer) => Ok(*answer),
            _ => Err(()),
        })
    }
}

impl Sending {
    /// Goes on; ready once there is an answer.
    pub(super) fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut progress = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Progress::Under(sending) = &mut *progress {
            let answer = std::task::ready!(sending.as_mut().poll(cx));
            *progress = Progress::Answered(Box::new(answer));
        }
        Poll::Ready(())
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Exchange {
    async fn ready(&mut self) {
        poll_fn(|cx| self.0.poll(cx)).await;
    }
}

impl HostFutureIncomingResponse for State {
    fn subscribe(&mut self, exchange: Resource<Exchange>) -> wasmtime::Result<Resource<DynPollable>> {
        subscribe(&mut self.table, exchange)
    }

    fn get(
        &mut self,
        exchange: Resource<Exchange>,
    ) -> wasmtime::Result<Option<Result<Result<Resource<Response>, ErrorCode>, ()>>> {
        Ok(match self.table.get(&exchange)?.take() {
            None => None,
            Some(Err(())) => Some(Err(())),
            Some(Ok(Ok(response))) => Some(Ok(Ok(self.table.push(Response::from(response))?))),
            Some(Ok(Err(error))) => Some(Ok(Err(code(&error)))),
        })
    }

    fn drop(&mut self, exchange: Resource<Exchange>) -> wasmtime::Result<()> {
        self.table.delete(exchange)?;
        Ok(())
    }
}
