//! An upload to the control plane, with all that an operator may say beside it.

use std::pin::Pin;

use bytes::Bytes;
use caisson_fake_providers::FakeProvider;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::artifacts::in_other_world;
use crate::request::Asking;

const BOUNDARY: &str = "caisson-e2e-boundary";

/// An upload being put together. Awaiting it uploads, and fails the test unless a revision was made. It is forced unless a test says
/// otherwise: most guests of the tests are meant to fail what every adapter must pass.
pub struct Push {
    request: Asking,
    component: Bytes,
    config: Value,
}

/// What the control plane says of a revision that it made.
#[derive(Debug)]
pub struct Made(pub Value);

impl Push {
    pub(crate) fn new(request: Asking, component: Bytes) -> Self {
        let mut config = json!({ "force": true });
        if in_other_world() {
            config["allow-async"] = true.into();
        }
        Self { request, component, config }
    }

    /// Points the adapter at a fake provider: its base URL, its key, and the grant to reach it.
    pub fn upstream(self, provider: &FakeProvider) -> Self {
        self.set("base-url", &provider.base_url()).credential("api-key", provider.key()).grant_requested()
    }

    /// Grants one host.
    pub fn allow_host(mut self, grant: &str) -> Self {
        match self.config["grants"].as_array_mut() {
            Some(grants) => grants.push(grant.into()),
            None => self.config["grants"] = json!([grant]),
        }
        self
    }

    /// Grants all hosts that the adapter asks for.
    pub fn grant_requested(self) -> Self {
        self.with("grant-requested", true.into())
    }

    pub fn credential(mut self, slot: &str, value: &str) -> Self {
        self.config["credentials"][slot] = value.into();
        self
    }

    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.config["settings"][name] = value.into();
        self
    }

    pub fn limit(mut self, name: &str, value: u64) -> Self {
        self.config["limits"][name] = value.into();
        self
    }

    /// Any other field of the configuration.
    pub fn with(mut self, field: &str, value: Value) -> Self {
        self.config[field] = value;
        self
    }

    /// Leaves it to the check whether the revision is served.
    pub fn unless_it_fails(self) -> Self {
        self.with("force", false.into())
    }

    /// Uploads, and gives the answer whatever it is.
    pub async fn answer(self) -> Answer {
        self.request().answer().await
    }

    /// The upload as a request, to be sent in another way.
    pub fn request(self) -> Asking {
        let mut form = Vec::with_capacity(self.component.len() + 1024);
        let part = |name: &str| format!("--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n");
        form.extend_from_slice(part("config").as_bytes());
        form.extend_from_slice(self.config.to_string().as_bytes());
        form.extend_from_slice(format!("\r\n{}", part("component")).as_bytes());
        form.extend_from_slice(&self.component);
        form.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
        let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
        self.request.bytes(&content_type, form.into())
    }
}

impl IntoFuture for Push {
    type Output = Made;
    type IntoFuture = Pin<Box<dyn Future<Output = Made> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async { Made(self.answer().await.expect(201)) })
    }
}

impl Made {
    pub fn revision(&self) -> u64 {
        self.0["revision"].as_u64().unwrap()
    }

    /// Whether it is being served.
    pub fn is_active(&self) -> bool {
        self.0["active"].as_bool().unwrap()
    }

    /// What the adapter still lacks, a sentence for each.
    pub fn missing(&self) -> Vec<&str> {
        self.0["missing"].as_array().unwrap().iter().filter_map(Value::as_str).collect()
    }
}
