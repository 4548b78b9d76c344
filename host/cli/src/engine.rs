//! What the operator set of the engine, in the configuration file's table `[engine]`.

use std::time::Duration;

use headcount::Builder;
use headcount::model::Unit;
use serde::{Deserialize, Deserializer};

/// What was set; the rest stays as the library has it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub struct Engine {
    max_instances: Option<u32>,
    #[serde(deserialize_with = "bytes")]
    max_memory: Option<u64>,
    #[serde(deserialize_with = "time")]
    max_queueing: Option<Duration>,
    #[serde(deserialize_with = "time")]
    max_compiling: Option<Duration>,
}

impl Engine {
    /// Sets it.
    pub fn set(&self, mut builder: Builder) -> Builder {
        if let Some(most) = self.max_instances {
            builder = builder.max_instances(most);
        }
        if let Some(most) = self.max_memory {
            builder = builder.max_memory(most);
        }
        if let Some(longest) = self.max_queueing {
            builder = builder.max_queueing(longest);
        }
        if let Some(longest) = self.max_compiling {
            builder = builder.max_compiling(longest);
        }
        builder
    }
}

fn bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let text = String::deserialize(deserializer)?;
    Unit::Bytes.parse(&text).map(Some).map_err(serde::de::Error::custom)
}

fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(deserializer)?;
    Unit::Millis.parse(&text).map(|millis| Some(Duration::from_millis(millis))).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_have_a_unit_and_a_misspelt_key_is_refused() {
        let engine: Engine =
            toml::from_str("max-instances = 200\nmax-memory = '2GiB'\nmax-queueing = '30 s'\nmax-compiling = '2 min'").unwrap();
        let times = [engine.max_queueing, engine.max_compiling].map(|time| time.unwrap().as_secs());
        assert_eq!((engine.max_instances, engine.max_memory, times), (Some(200), Some(2 << 30), [30, 120]));
        for wrong in
            ["max-instances = -1", "max-compiling = 120", "max-queueing = '2 parsecs'", "max-memory = 7", "instances = 3"]
        {
            assert!(toml::from_str::<Engine>(wrong).is_err(), "{wrong}");
        }
    }
}
