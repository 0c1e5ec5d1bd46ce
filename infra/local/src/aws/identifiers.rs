//! The random names that AWS gives: UUIDs and the endings of ARNs.

use std::fmt::Write;

use shared::domain::random::{self, NoRandomness, Random};

/// A random UUID ([RFC 9562 §5.4](https://www.rfc-editor.org/rfc/rfc9562#section-5.4)).
pub(crate) fn uuid(random: &dyn Random) -> Result<String, NoRandomness> {
    let mut bytes = u128::from_be_bytes(random::bytes::<16>(random)?);
    bytes = bytes & !(0xf000 << 64) | 0x4000 << 64;
    bytes = bytes & !(0xc000 << 48) | 0x8000 << 48;
    let digits = format!("{bytes:032x}");
    let mut uuid = String::with_capacity(36);
    for (index, digit) in digits.chars().enumerate() {
        if matches!(index, 8 | 12 | 16 | 20) {
            uuid.push('-');
        }
        uuid.push(digit);
    }
    Ok(uuid)
}

/// Random hexadecimal digits, two for each of `N` bytes.
pub(crate) fn hexadecimal<const N: usize>(random: &dyn Random) -> Result<String, NoRandomness> {
    let mut digits = String::with_capacity(N * 2);
    for byte in random::bytes::<N>(random)? {
        let _ = write!(digits, "{byte:02x}");
    }
    Ok(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Constant(u8);

    impl Random for Constant {
        fn fill(&self, buffer: &mut [u8]) -> Result<(), NoRandomness> {
            buffer.fill(self.0);
            Ok(())
        }
    }

    #[test]
    fn a_uuid_says_that_it_is_random() {
        assert_eq!(uuid(&Constant(0xff)).unwrap(), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(uuid(&Constant(0)).unwrap(), "00000000-0000-4000-8000-000000000000");
    }
}
