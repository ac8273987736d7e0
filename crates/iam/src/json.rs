//! JSON that keeps duplicate keys, which `serde_json::Value` would drop silently.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};

/// A JSON value. `serde_json` limits its depth.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Json {
    Null,
    Bool(bool),
    /// An integer as the policy spells it; `None` for a number whose spelling is not certain.
    Number(Option<String>),
    /// A number whose value is certain, but not how it was spelled.
    Decimal(String),
    Text(String),
    List(Vec<Json>),
    Map(Vec<(String, Json)>),
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Json;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON")
            }
            fn visit_unit<E>(self) -> Result<Json, E> {
                Ok(Json::Null)
            }
            fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
                Ok(Json::Bool(value))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
                Ok(Json::Number(Some(value.to_string())))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
                Ok(Json::Number(Some(value.to_string())))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
                // Up to 15 digits are read exactly.
                let text = value.to_string();
                Ok(if text.len() <= 16 { Json::Decimal(text) } else { Json::Number(None) })
            }
            fn visit_str<E>(self, value: &str) -> Result<Json, E> {
                Ok(Json::Text(value.to_owned()))
            }
            fn visit_string<E>(self, value: String) -> Result<Json, E> {
                Ok(Json::Text(value))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = list.next_element()? {
                    items.push(item);
                }
                Ok(Json::List(items))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Json::Map(entries))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

impl Json {
    /// One text or a list of texts, as most elements allow; `None` for anything else, also for an empty list.
    pub(super) fn texts(self) -> Option<Vec<String>> {
        let texts: Vec<String> = match self {
            Self::Text(text) => vec![text],
            Self::List(items) => {
                let text = |item| if let Self::Text(text) = item { Some(text) } else { None };
                items.into_iter().map(text).collect::<Option<_>>()?
            }
            _ => return None,
        };
        (!texts.is_empty()).then_some(texts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duplicate_keys_are_kept() {
        let Json::Map(entries) = serde_json::from_str(r#"{"a":1,"a":null}"#).expect("JSON") else { panic!("a map") };
        assert_eq!(entries, [("a".to_owned(), Json::Number(Some("1".to_owned()))), ("a".to_owned(), Json::Null)]);
    }

    #[test]
    fn deep_nesting_is_an_error_and_no_stack_overflow() {
        assert!(serde_json::from_str::<Json>(&"[".repeat(1_000_000)).is_err());
    }
}
