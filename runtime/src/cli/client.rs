//! Talks to a control plane: JSON and multipart over HTTP, errors as the server words them.

use anyhow::{Context, anyhow, bail};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request};
use http_body_util::{BodyExt, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use zeroize::Zeroizing;

use super::Remote;
use crate::egress::SecretText;

/// A connection to one control plane.
pub(super) struct Client {
    http: HyperClient<HttpsConnector<HttpConnector>, Full<Bytes>>,
    url: String,
    admin_key: SecretText,
}

impl Client {
    pub(super) fn new(remote: &Remote) -> anyhow::Result<Self> {
        let admin_key = remote.admin_key.clone().context(
            "the admin key is missing: set CAISSON_ADMIN_KEY to the key that `caisson serve` printed at its first start, or to the one it was given",
        )?;
        Ok(Self::with_key(&remote.url, admin_key))
    }

    pub(super) fn with_key(url: &str, admin_key: SecretText) -> Self {
        let tls = rustls::ClientConfig::clone(&crate::egress::tls_config());
        let connector = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_all_versions().build();
        let http = HyperClient::builder(TokioExecutor::new()).build(connector);
        Self { http, url: url.trim_end_matches('/').to_owned(), admin_key }
    }

    pub(super) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.send(Method::GET, path, "application/json", Bytes::new()).await
    }

    pub(super) async fn delete(&self, path: &str) -> anyhow::Result<()> {
        self.send(Method::DELETE, path, "application/json", Bytes::new()).await.map(drop)
    }

    pub(super) async fn send_json(&self, method: Method, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.send(method, path, "application/json", body.to_string().into()).await
    }

    /// Uploads a component with its configuration, as one form.
    pub(super) async fn upload(&self, path: &str, component: &[u8], config: &Value) -> anyhow::Result<Value> {
        let mut random = [0u8; 16];
        getrandom::fill(&mut random).map_err(|error| anyhow!("no random bytes: {error}"))?;
        let boundary = format!("caisson-{:032x}", u128::from_le_bytes(random));
        let mut body = Vec::with_capacity(component.len() + 1024);
        let part = |name: &str, kind: &str| {
            format!("--{boundary}\r\ncontent-disposition: form-data; name=\"{name}\"\r\ncontent-type: {kind}\r\n\r\n")
        };
        body.extend_from_slice(part("config", "application/json").as_bytes());
        body.extend_from_slice(config.to_string().as_bytes());
        body.extend_from_slice(b"\r\n");
        body.extend_from_slice(part("component", "application/wasm").as_bytes());
        body.extend_from_slice(component);
        body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        self.send(Method::PUT, path, &format!("multipart/form-data; boundary={boundary}"), body.into()).await
    }

    async fn send(&self, method: Method, path: &str, content_type: &str, body: Bytes) -> anyhow::Result<Value> {
        let uri = format!("{}/admin/v1{path}", self.url);
        let bearer = Zeroizing::new(format!("Bearer {}", self.admin_key.expose()));
        let mut bearer =
            HeaderValue::from_str(&bearer).context("the admin key has characters that no header can carry")?;
        bearer.set_sensitive(true);
        let request = Request::builder()
            .method(method)
            .uri(&uri)
            .header(AUTHORIZATION, bearer)
            .header(CONTENT_TYPE, content_type)
            .body(Full::new(body))
            .with_context(|| format!("`{uri}` is no URL"))?;
        let response = self
            .http
            .request(request)
            .await
            .with_context(|| format!("no answer from {}: does `caisson serve` run there?", self.url))?;
        let status = response.status();
        let body = response.into_body().collect().await.context("the answer broke off")?.to_bytes();
        let value: Value = if body.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&body).context("the answer is no JSON: is this a Caisson control plane?")?
        };
        if !status.is_success() {
            match value["error"]["message"].as_str() {
                Some(message) => bail!("{message}"),
                None => bail!("the server answered {status}"),
            }
        }
        Ok(value)
    }
}
