//! Runs each fuzz target over its seeds and some thousand mutations of them: the same ones every time, so that a failure is one for
//! everybody. What fuzzing found is a seed.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed expectation is a failed test")]

use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

use caisson_fuzz_targets::TARGETS;

/// Mutations of each target's seeds.
const MUTATIONS: usize = 20_000;
/// No mutation is longer: time goes into many inputs, not long ones.
const MAX_BYTES: usize = 8192;

/// What the formats are made of, to be put in where it may mean something.
const WORDS: [&[u8]; 40] = [
    b"\0asm\x0d\0\x01\0",
    b"\0asm\x01\0\0\0",
    b"\xff\xff\xff\xff\x0f",
    b"\x80\x80\x80\x80\x08",
    b"\x42\x01\x01",
    b"\x41\x01\x01",
    b"\x60\0\0",
    b"\x03\x40",
    b"\x0e",
    b"\x72\x02",
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b"\\u0000",
    b"\\ud800",
    b"null",
    b"1e999",
    b"-0",
    b"\"model\":",
    b"\"messages\":[",
    b"\"role\":\"user\",",
    b"data: ",
    b"\n\n",
    b"\r\n",
    b"\r",
    b"\xef\xbb\xbf",
    b": ",
    b"event: ",
    b"[DONE]",
    b"t0",
    b"e0\n",
    b"r0{\"choices\":[{\"index\":0,\"delta\":{",
    b"https://",
    b"*.",
    b"[::ffff:",
    b"@",
    b"%2e",
    b"0x7f",
];

#[test]
fn every_target_has_seeds_and_every_folder_of_seeds_a_target() {
    let mut folders: Vec<String> =
        fs::read_dir(seeds()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    folders.sort();
    assert_eq!(folders, TARGETS.map(|(name, _)| name));
}

#[test]
fn seeds_and_their_mutations_break_nothing() {
    std::thread::scope(|scope| {
        for (name, target) in TARGETS {
            scope.spawn(move || run(name, target));
        }
    });
}

fn seeds() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../seeds")
}

fn run(name: &str, target: fn(&[u8])) {
    let mut files: Vec<_> = fs::read_dir(seeds().join(name)).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let seeds: Vec<Vec<u8>> = files.iter().map(|file| fs::read(file).unwrap()).collect();
    assert!(seeds.len() >= 3, "{name} has {} seeds", seeds.len());
    for seed in &seeds {
        judge(name, target, seed);
    }
    let mut chance = Chance(0x5eed_0000 + name.len() as u64);
    let mut pool = seeds.clone();
    for round in 0..MUTATIONS {
        let mut bytes = pool[chance.below(pool.len())].clone();
        for _ in 0..=chance.below(4) {
            mutate(&mut bytes, &seeds, &mut chance);
        }
        bytes.truncate(MAX_BYTES);
        judge(name, target, &bytes);
        // Some mutations are mutated further, so that inputs drift away from the seeds.
        if round % 8 == 0 {
            let place = chance.below(64);
            if pool.len() < seeds.len() + 64 { pool.push(bytes) } else { pool[seeds.len() + place] = bytes }
        }
    }
}

fn judge(name: &str, target: fn(&[u8]), bytes: &[u8]) {
    if catch_unwind(|| target(bytes)).is_err() {
        panic!("the target {name} fails on b\"{}\"", bytes.escape_ascii());
    }
}

fn mutate(bytes: &mut Vec<u8>, seeds: &[Vec<u8>], chance: &mut Chance) {
    let place = chance.below(bytes.len() + 1);
    match chance.below(8) {
        0 => bytes.truncate(place),
        1 => bytes.insert(place, chance.byte()),
        2 | 3 => drop(bytes.splice(place..place, WORDS[chance.below(WORDS.len())].iter().copied())),
        4 => {
            let end = (place + chance.below(16)).min(bytes.len());
            bytes.drain(place..end);
        }
        5 => {
            // The rest of another seed, from anywhere.
            let other = &seeds[chance.below(seeds.len())];
            let from = chance.below(other.len() + 1);
            bytes.truncate(place);
            bytes.extend_from_slice(&other[from..]);
        }
        6 => {
            let end = (place + chance.below(64)).min(bytes.len());
            let piece = bytes[place..end].repeat(1 + chance.below(8));
            bytes.splice(place..place, piece);
        }
        _ => {
            if let Some(byte) = bytes.get_mut(place) {
                *byte ^= 1 << chance.below(8);
            }
        }
    }
}

/// Random numbers that are the same every time: xorshift64*.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() >> 33) as usize % limit.max(1)
    }

    fn byte(&mut self) -> u8 {
        (self.next() >> 56) as u8
    }
}
