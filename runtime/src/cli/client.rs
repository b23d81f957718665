//! Talks to a control plane: JSON and multipart over HTTP, errors as the server words them.

use anyhow::{Context, anyhow, bail};
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
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

    /// Uploads a component with its configuration, as one form; tells each stage that the server reports.
    pub(super) async fn upload(
        &self,
        path: &str,
        component: &[u8],
        config: &Value,
        stage: impl Fn(&str),
    ) -> anyhow::Result<Value> {
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
        let form = format!("multipart/form-data; boundary={boundary}");
        let mut response = self.request(Method::PUT, path, &form, "application/x-ndjson", body.into()).await?;
        let lines = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == "application/x-ndjson");
        if !lines {
            return answer(response.status(), &read(response).await?);
        }
        let mut read = Vec::new();
        while let Some(frame) = response.body_mut().frame().await {
            let Ok(data) = frame.context(BROKE_OFF)?.into_data() else { continue };
            read.extend_from_slice(&data);
            while let Some(end) = read.iter().position(|byte| *byte == b'\n') {
                let line: Value = serde_json::from_slice(&read.drain(..=end).collect::<Vec<u8>>()).context(NO_JSON)?;
                if let Some(status) = line["status"].as_u64().and_then(|status| u16::try_from(status).ok()) {
                    return outcome(StatusCode::from_u16(status)?, line["answer"].clone());
                }
                stage(line["stage"].as_str().unwrap_or_default());
            }
        }
        bail!(BROKE_OFF)
    }

    async fn send(&self, method: Method, path: &str, content_type: &str, body: Bytes) -> anyhow::Result<Value> {
        let response = self.request(method, path, content_type, "application/json", body).await?;
        answer(response.status(), &read(response).await?)
    }

    async fn request(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        accept: &str,
        body: Bytes,
    ) -> anyhow::Result<Response<Incoming>> {
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
            .header(ACCEPT, accept)
            .body(Full::new(body))
            .with_context(|| format!("`{uri}` is no URL"))?;
        let sent = self.http.request(request).await;
        sent.with_context(|| format!("no answer from {}: does `caisson serve` run there?", self.url))
    }
}

const BROKE_OFF: &str = "the answer broke off";
const NO_JSON: &str = "the answer is no JSON: is this a Caisson control plane?";

async fn read(response: Response<Incoming>) -> anyhow::Result<Bytes> {
    Ok(response.into_body().collect().await.context(BROKE_OFF)?.to_bytes())
}

fn answer(status: StatusCode, body: &[u8]) -> anyhow::Result<Value> {
    outcome(status, if body.is_empty() { Value::Null } else { serde_json::from_slice(body).context(NO_JSON)? })
}

fn outcome(status: StatusCode, value: Value) -> anyhow::Result<Value> {
    if status.is_success() {
        return Ok(value);
    }
    match value["error"]["message"].as_str() {
        Some(message) => bail!("{message}"),
        None => bail!("the server answered {status}"),
    }
}
