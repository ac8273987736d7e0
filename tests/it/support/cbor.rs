//! As much of CBOR as CloudWatch's errors need.

fn text(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).unwrap();
    let [high, low] = length.to_be_bytes();
    let mut bytes = match length {
        ..24 => vec![0x60 + low],
        24..256 => vec![0x78, low],
        256.. => vec![0x79, high, low],
    };
    bytes.extend_from_slice(text.as_bytes());
    bytes
}

/// A map of texts.
pub(crate) fn texts(pairs: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = vec![0xa0 + u8::try_from(pairs.len()).unwrap()];
    for (key, value) in pairs {
        bytes.extend([text(key), text(value)].concat());
    }
    bytes
}
