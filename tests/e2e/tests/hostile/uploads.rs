//! Uploads that are no honest component: files made to be refused, or to cost the compiler more than they are worth.

use bytes::Bytes;

use crate::attack::Upload;

/// One row for each file.
pub(crate) fn uploads() -> Vec<Upload> {
    vec![Upload {
        name: "upload-of-text",
        what: "a shell script",
        component: || Bytes::from_static(b"#!/bin/sh\necho hello\n"),
        codes: &["not_wasm"],
    }]
}
