//! Numbers that depend on bytes alone: the same request gives the same ids and vectors on every
//! machine and with every compiler. Not for cryptography.

/// FNV-1a, the parts kept apart.
pub(crate) fn hash(parts: &[&[u8]]) -> u64 {
    let mut state = 0xcbf2_9ce4_8422_2325_u64;
    let mut mix = |byte: u8| state = (state ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    for part in parts {
        part.iter().copied().for_each(&mut mix);
        (part.len() as u64).to_le_bytes().into_iter().for_each(&mut mix);
    }
    state
}

/// `prefix` and 24 letters and digits.
pub(crate) fn id(prefix: &str, seed: u64) -> String {
    const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut numbers = Numbers(seed);
    let letter = |number: u64| ALPHABET.get((number % 62) as usize).copied().map_or('A', char::from);
    prefix.chars().chain((0..24).map(|_| letter(numbers.next_number()))).collect()
}

/// A vector of length one.
pub(crate) fn unit_vector(text: &[u8], dimensions: usize) -> Vec<f32> {
    let mut numbers = Numbers(hash(&[text]));
    let raw: Vec<f64> =
        (0..dimensions).map(|_| (numbers.next_number() >> 11) as f64 / (1_u64 << 52) as f64 - 1.0).collect();
    let length = raw.iter().map(|x| x * x).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
    raw.into_iter().map(|x| (x / length) as f32).collect()
}

/// splitmix64.
struct Numbers(u64);

impl Numbers {
    fn next_number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_text_has_the_same_unit_vector_and_another_text_another() {
        let vector = unit_vector(b"harbour", 1536);
        let length: f64 = vector.iter().map(|x| f64::from(*x).powi(2)).sum();
        assert!((length - 1.0).abs() < 1e-5, "{length}");
        assert_eq!(vector, unit_vector(b"harbour", 1536));
        assert_ne!(vector, unit_vector(b"harbor", 1536));
    }

    #[test]
    fn ids_do_not_change_between_builds() {
        assert_eq!(hash(&[b"a", b"b"]), hash(&[b"a", b"b"]));
        assert_ne!(hash(&[b"ab", b""]), hash(&[b"a", b"b"]));
        assert_eq!(id("x_", 1).len(), 26);
        assert_ne!(id("x_", 1), id("x_", 2));
    }
}
