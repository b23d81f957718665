//! One operator with one deployment, who remembers what was acknowledged and looks for it after each restart.

use std::collections::{BTreeMap, HashSet};

use bytes::Bytes;
use caisson_fake_providers::FakeProvider;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::chance::Chance;
use caisson_e2e::{Asking, Caisson, say};

/// How much a component is padded by, so that writing it takes a while.
const PADDING: usize = 4 << 20;

pub(super) struct Operator {
    name: &'static str,
    component: Bytes,
    /// The setting that says which revision is which.
    setting: &'static str,
    model: String,
    upstream: Option<FakeProvider>,
    /// Whether uploads may be padded; each such costs a compilation.
    pads: bool,
    chance: Chance,
    /// The mark of each revision that was acknowledged or, since, listed.
    revisions: BTreeMap<u64, String>,
    active: Option<u64>,
    /// What was asked for and not acknowledged: it may have happened, whole, or not at all.
    doubt: Option<Act>,
    /// Digests of artifacts that have been activated.
    proven: HashSet<String>,
}

#[derive(Clone)]
enum Act {
    /// An upload: the component as it is, or padded so that it is another.
    Push {
        mark: String,
        padded: bool,
    },
    /// A revision with other settings.
    Change {
        mark: String,
    },
    Activate(u64),
}

/// A revision as it is listed.
struct Listed {
    number: u64,
    mark: String,
    digest: String,
    active: bool,
}

impl Operator {
    pub(super) fn new(seed: u64, name: &'static str, component: Bytes, setting: &'static str, model: &str) -> Self {
        Self {
            name,
            component,
            setting,
            model: format!("{name}/{model}"),
            upstream: None,
            pads: true,
            chance: Chance::new(seed, name),
            revisions: BTreeMap::new(),
            active: None,
            doubt: None,
            proven: HashSet::new(),
        }
    }

    /// For an adapter that speaks to a provider, and is too large to be compiled again and again.
    pub(super) fn with_upstream(mut self, provider: FakeProvider) -> Self {
        self.upstream = Some(provider);
        self.pads = false;
        self
    }

    /// How many revisions are known to be there.
    pub(super) fn revisions(&self) -> usize {
        self.revisions.len()
    }

    /// Makes one change after another until one is not acknowledged; counts those that are.
    pub(super) async fn work(&mut self, caisson: &Caisson, acknowledged: &watch::Sender<u64>) {
        loop {
            let act = self.choose();
            self.doubt = Some(act.clone());
            let Some(answer) = self.request(caisson, &act).attempt().await else { return };
            assert!(matches!(answer.status, 200 | 201), "{}: {} {}", self.name, answer.status, answer.text());
            let made = answer.json();
            assert_eq!(made["active"], true, "{made}");
            let number = made["revision"].as_u64().unwrap();
            if let Act::Push { mark, .. } | Act::Change { mark } = act {
                assert_eq!(self.revisions.insert(number, mark), None, "{} revision {number} again", self.name);
            }
            (self.active, self.doubt) = (Some(number), None);
            acknowledged.send_modify(|count| *count += 1);
        }
    }

    fn choose(&mut self) -> Act {
        let mark = format!("mark-{:016x}", self.chance.next());
        let known: Vec<u64> = self.revisions.keys().copied().collect();
        match self.chance.below(10) {
            _ if known.is_empty() => Act::Push { mark, padded: false },
            0..=1 => Act::Push { mark, padded: self.pads },
            2..=4 => Act::Push { mark, padded: false },
            5..=8 => Act::Change { mark },
            _ => Act::Activate(known[self.chance.below(known.len() as u64) as usize]),
        }
    }

    fn request(&self, caisson: &Caisson, act: &Act) -> Asking {
        match act {
            Act::Push { mark, padded } => {
                let component = if *padded { padded_by(&self.component, mark) } else { self.component.clone() };
                let mut push = caisson.push(self.name, component).set(self.setting, mark);
                if let Some(upstream) = &self.upstream {
                    push = push.upstream(upstream);
                }
                push.request()
            }
            Act::Change { mark } => {
                let path = format!("/adapters/{}/settings", self.name);
                caisson.control("PUT", &path).json(&json!({ self.setting: mark }))
            }
            Act::Activate(number) => {
                let path = format!("/adapters/{}/activate", self.name);
                caisson.control("POST", &path).json(&json!({ "revision": number }))
            }
        }
    }

    /// After a restart: all that was acknowledged is listed, the last of it is served, and every artifact is whole.
    pub(super) async fn finds_its_work(&mut self, caisson: &Caisson) {
        let listed = self.listed(caisson).await;
        for (number, mark) in &self.revisions {
            let found = listed.iter().find(|listed| listed.number == *number);
            assert_eq!(found.map(|found| &found.mark), Some(mark), "{} revision {number}", self.name);
        }
        self.resolve_doubt(&listed);
        let active: Vec<_> = listed.iter().filter(|listed| listed.active).map(|listed| listed.number).collect();
        assert_eq!(active, Vec::from_iter(self.active), "{} serves", self.name);
        self.is_served(caisson).await;
        self.activates_each_artifact(caisson, &listed).await;
    }

    async fn listed(&self, caisson: &Caisson) -> Vec<Listed> {
        let answer = caisson.control("GET", &format!("/adapters/{}/revisions", self.name)).answer().await;
        if answer.status == 404 {
            return Vec::new();
        }
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let of = |listed: &Value| Listed {
            number: listed["revision"].as_u64().unwrap(),
            mark: text(&listed["config"]["settings"][self.setting]),
            digest: text(&listed["digest"]),
            active: listed["active"].as_bool().unwrap(),
        };
        answer.expect(200)["revisions"].as_array().unwrap().iter().map(of).collect()
    }

    /// What was not acknowledged happened as a whole or not at all.
    fn resolve_doubt(&mut self, listed: &[Listed]) {
        let unknown: Vec<_> = listed.iter().filter(|listed| !self.revisions.contains_key(&listed.number)).collect();
        match (self.doubt.take(), unknown.as_slice()) {
            (_, []) if self.active.is_none() => {}
            (Some(Act::Activate(number)), []) => {
                if listed.iter().any(|listed| listed.active && listed.number == number) {
                    self.active = Some(number);
                }
            }
            (_, []) => {}
            (Some(Act::Push { mark, .. } | Act::Change { mark }), [made]) => {
                assert_eq!(made.mark, mark, "{} revision {}", self.name, made.number);
                self.revisions.insert(made.number, mark);
                self.active = Some(made.number);
            }
            (_, unknown) => {
                let numbers: Vec<_> = unknown.iter().map(|listed| listed.number).collect();
                panic!("{}: nobody made the revisions {numbers:?}", self.name);
            }
        }
    }

    /// Asks the data plane who answers.
    async fn is_served(&self, caisson: &Caisson) {
        let answer = caisson.chat(say(&self.model, "ahoy")).await;
        let Some(active) = self.active else {
            answer.expect_error(404, "model_not_found");
            return;
        };
        assert_eq!(answer.status, 200, "{}: {}", self.name, answer.text());
        assert_eq!(answer.receipt().revision, format!("{}@{active}", self.name));
        let said = match &self.upstream {
            Some(upstream) => upstream.requests().last().unwrap().header("openai-organization").unwrap().to_owned(),
            None => answer.text(),
        };
        let mark = &self.revisions[&active];
        assert!(said.contains(mark), "{} serves {said}, not {mark}", self.name);
    }

    /// Every artifact that a listed revision names is whole, and what is served in the end is what was served before.
    async fn activates_each_artifact(&mut self, caisson: &Caisson, listed: &[Listed]) {
        let served = self.active;
        for revision in listed {
            if self.proven.insert(revision.digest.clone()) {
                self.activate(caisson, revision.number).await;
            }
        }
        if let Some(served) = served
            && self.active != Some(served)
        {
            self.activate(caisson, served).await;
        }
    }

    async fn activate(&mut self, caisson: &Caisson, number: u64) {
        let answer = self.request(caisson, &Act::Activate(number)).answer().await;
        assert_eq!(answer.status, 200, "{} revision {number}: {}", self.name, answer.text());
        self.active = Some(number);
        self.is_served(caisson).await;
    }
}

/// The component with a custom section behind it, which means nothing and makes it another artifact.
pub(crate) fn padded_by(component: &[u8], mark: &str) -> Bytes {
    const SECTION: u8 = 0;
    let name = "padding";
    let mut section = vec![name.len() as u8];
    section.extend_from_slice(name.as_bytes());
    section.extend(mark.bytes().cycle().take(PADDING));
    let mut padded = component.to_vec();
    padded.push(SECTION);
    let mut length = section.len();
    while length >= 0x80 {
        padded.push(length as u8 | 0x80);
        length >>= 7;
    }
    padded.push(length as u8);
    padded.extend_from_slice(&section);
    padded.into()
}
