//! Embeddings without a model: a unit vector drawn from a hash of the input. Equal inputs get equal
//! vectors, on every machine; that is all the meaning they have.

use caisson_sdk::prelude::*;

const USUAL: u32 = 8;
const MOST: u32 = 4096;

/// One vector for each input, of `dimensions` numbers or 8.
///
/// # Errors
/// `invalid-request` if `dimensions` is 0 or above 4096.
pub(crate) fn of(input: &EmbedInput, dimensions: Option<u32>) -> Result<Vec<Vec<f32>>> {
    let dimensions = dimensions.unwrap_or(USUAL);
    if !(1..=MOST).contains(&dimensions) {
        return Err(Error::invalid_request(format!("dimensions must be from 1 to {MOST}")).param("dimensions"));
    }
    Ok(match input {
        EmbedInput::Texts(texts) => texts.iter().map(|text| unit_vector(text.bytes(), dimensions)).collect(),
        EmbedInput::Tokens(lists) => lists
            .iter()
            .map(|tokens| unit_vector(tokens.iter().flat_map(|token| token.to_le_bytes()), dimensions))
            .collect(),
    })
}

fn unit_vector(bytes: impl Iterator<Item = u8>, dimensions: u32) -> Vec<f32> {
    let mut state = fnv1a(bytes);
    let numbers: Vec<f64> = (0..dimensions).map(|_| signed_fraction(splitmix(&mut state))).collect();
    let length = numbers.iter().map(|number| number * number).sum::<f64>().sqrt();
    numbers.into_iter().map(|number| (number / length) as f32).collect()
}

/// FNV-1a, 64 bits.
fn fnv1a(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// SplitMix64: the next number of the sequence.
fn splitmix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// A number between -1 and 1 and never 0, so that no vector is without a direction.
fn signed_fraction(bits: u64) -> f64 {
    let odd = u32::try_from(bits >> 40).unwrap_or_default() * 2 + 1;
    f64::from(odd) / f64::from(1 << 24) - 1.0
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn the_hash_and_the_sequence_are_the_published_ones() {
        assert_eq!(fnv1a(b"foobar".iter().copied()), 0x8594_4171_f739_67e8);
        let mut state = 1_234_567;
        assert_eq!([(); 2].map(|()| splitmix(&mut state)), [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
    }

    #[test]
    fn every_vector_has_length_one() {
        for dimensions in [1, 2, 8, 4096] {
            let input = EmbedInput::Texts(vec![String::new(), "a".into(), "å".repeat(1000)]);
            for vector in of(&input, Some(dimensions)).unwrap() {
                assert_eq!(vector.len(), dimensions as usize);
                let length: f32 = vector.iter().map(|number| number * number).sum();
                assert!((length - 1.0).abs() < 1e-4, "{length}");
            }
        }
    }

    #[test]
    fn no_hash_gives_a_vector_without_direction() {
        for bits in [0, u64::MAX, 1 << 63, (1 << 63) - 1] {
            let fraction = signed_fraction(bits);
            assert!(fraction != 0.0 && fraction.abs() < 1.0, "{fraction}");
        }
    }
}
