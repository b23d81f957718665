//! Gives two events of a stream, then does what its setting `then` says; the model `behave` just ends.

use std::time::Duration;

use caisson_sdk::prelude::*;

/// The adapter.
pub struct Midstream;

impl Adapter for Midstream {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("midstream", "1.0.0")
            .setting(Setting::new("then", "trap, error, spin, hog or wait").required())
    }

    fn open_stream(context: Context, request: ChatRequest) -> Result<Box<dyn EventSource>> {
        let then = context.setting("then").filter(|_| request.model != "behave").unwrap_or("end");
        Ok(Box::new(Words { said: 0, then: then.to_owned() }))
    }
}

caisson_sdk::export!(Midstream);

struct Words {
    said: usize,
    then: String,
}

impl EventSource for Words {
    fn next(&mut self) -> Result<Option<Vec<Event>>> {
        if let Some(word) = ["one ", "two"].get(self.said) {
            self.said += 1;
            return Ok(Some(vec![Event::text(0, *word)]));
        }
        match self.then.as_str() {
            "trap" => panic!("as it is made to"),
            "error" => Err(Error::upstream("the provider hung up").status(529)),
            "spin" => loop {
                self.said = std::hint::black_box(self.said.wrapping_add(1));
            },
            "hog" => {
                let mut kept: Vec<Vec<u8>> = Vec::new();
                loop {
                    kept.push(std::hint::black_box(vec![1; 1 << 20]));
                }
            }
            "wait" => {
                std::thread::sleep(Duration::from_secs(3600));
                Ok(None)
            }
            _ => Ok(None),
        }
    }
}
