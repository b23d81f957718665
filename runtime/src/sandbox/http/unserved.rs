//! The server's half of `wasi:http/types`, which comes along with the client's: there is none, since nobody calls an adapter by HTTP.
//!
//! Language runtimes import it whether they use it or not. A guest can hold none of these resources, and one that tries to make one
//! traps.

use wasmtime::component::Resource;

use super::fields::Fields;
use super::response::Body;
use super::types::{ErrorCode, HostIncomingRequest, HostOutgoingResponse, HostResponseOutparam, Method, Scheme};
use super::upload::Upload;
use crate::sandbox::state::State;

/// A resource that there never is.
pub enum Unserved {}

fn unserved<T>() -> wasmtime::Result<T> {
    wasmtime::bail!("it made an HTTP answer of its own, and nobody calls an adapter by HTTP")
}

impl HostIncomingRequest for State {
    fn method(&mut self, _: Resource<Unserved>) -> wasmtime::Result<Method> {
        unserved()
    }

    fn path_with_query(&mut self, _: Resource<Unserved>) -> wasmtime::Result<Option<String>> {
        unserved()
    }

    fn scheme(&mut self, _: Resource<Unserved>) -> wasmtime::Result<Option<Scheme>> {
        unserved()
    }

    fn authority(&mut self, _: Resource<Unserved>) -> wasmtime::Result<Option<String>> {
        unserved()
    }

    fn headers(&mut self, _: Resource<Unserved>) -> wasmtime::Result<Resource<Fields>> {
        unserved()
    }

    fn consume(&mut self, _: Resource<Unserved>) -> wasmtime::Result<Result<Resource<Body>, ()>> {
        unserved()
    }

    fn drop(&mut self, _: Resource<Unserved>) -> wasmtime::Result<()> {
        unserved()
    }
}

impl HostOutgoingResponse for State {
    fn new(&mut self, _: Resource<Fields>) -> wasmtime::Result<Resource<Unserved>> {
        unserved()
    }

    fn status_code(&mut self, _: Resource<Unserved>) -> wasmtime::Result<u16> {
        unserved()
    }

    fn set_status_code(&mut self, _: Resource<Unserved>, _: u16) -> wasmtime::Result<Result<(), ()>> {
        unserved()
    }

    fn headers(&mut self, _: Resource<Unserved>) -> wasmtime::Result<Resource<Fields>> {
        unserved()
    }

    fn body(&mut self, _: Resource<Unserved>) -> wasmtime::Result<Result<Resource<Upload>, ()>> {
        unserved()
    }

    fn drop(&mut self, _: Resource<Unserved>) -> wasmtime::Result<()> {
        unserved()
    }
}

impl HostResponseOutparam for State {
    fn send_informational(
        &mut self,
        _: Resource<Unserved>,
        _: u16,
        _: Resource<Fields>,
    ) -> wasmtime::Result<Result<(), ErrorCode>> {
        unserved()
    }

    fn set(&mut self, _: Resource<Unserved>, _: Result<Resource<Unserved>, ErrorCode>) -> wasmtime::Result<()> {
        unserved()
    }

    fn drop(&mut self, _: Resource<Unserved>) -> wasmtime::Result<()> {
        unserved()
    }
}
