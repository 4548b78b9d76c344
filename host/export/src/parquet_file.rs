//! Parquet: rows are gathered into groups of bounded size, each written column by column.

use std::io::Write;
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;
use serde_json::Value;

use crate::table::text;
use crate::{Column, ColumnKind, ExportError, Row, Table};

/// Rows of a group.
const ROWS: usize = 10_000;

/// Bytes of text that end a group early.
const BYTES: usize = 8 << 20;

/// Whether a row has a value in a column.
const HAS: i16 = 1;
const HAS_NOT: i16 = 0;

impl From<ParquetError> for ExportError {
    fn from(error: ParquetError) -> Self {
        ExportError::Parquet(error.to_string())
    }
}

/// Rows on their way into a Parquet file.
pub(crate) struct File<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    columns: Vec<Gathered>,
    rows: usize,
    bytes: usize,
}

/// The values of one column that are not written yet.
struct Gathered {
    values: Values,
    levels: Vec<i16>,
}

enum Values {
    Text(Vec<ByteArray>),
    Integer(Vec<i64>),
    Boolean(Vec<bool>),
}

impl<W: Write + Send> File<W> {
    pub(crate) fn new(table: &Table, sink: W) -> Result<Self, ExportError> {
        let fields = table.columns.iter().map(field).collect::<Result<Vec<_>, _>>()?;
        let schema = Type::group_type_builder(table.name).with_fields(fields).build()?;
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).set_created_by("headcount".to_owned());
        let writer = SerializedFileWriter::new(sink, Arc::new(schema), Arc::new(properties.build()))?;
        Ok(File { writer, columns: table.columns.iter().map(Gathered::new).collect(), rows: 0, bytes: 0 })
    }

    pub(crate) fn write(&mut self, table: &Table, row: &Row) -> Result<(), ExportError> {
        for (column, gathered) in table.columns.iter().zip(&mut self.columns) {
            self.bytes += gathered.take(column.kind, row.get(column.name));
        }
        self.rows += 1;
        if self.rows >= ROWS || self.bytes >= BYTES { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), ExportError> {
        if self.rows == 0 {
            return Ok(());
        }
        let mut group = self.writer.next_row_group()?;
        for gathered in &mut self.columns {
            let Some(mut column) = group.next_column()? else { break };
            let levels = Some(gathered.levels.as_slice());
            match &gathered.values {
                Values::Text(values) => column.typed::<ByteArrayType>().write_batch(values, levels, None)?,
                Values::Integer(values) => column.typed::<Int64Type>().write_batch(values, levels, None)?,
                Values::Boolean(values) => column.typed::<BoolType>().write_batch(values, levels, None)?,
            };
            column.close()?;
            gathered.clear();
        }
        group.close()?;
        (self.rows, self.bytes) = (0, 0);
        Ok(())
    }

    pub(crate) fn finish(mut self) -> Result<W, ExportError> {
        self.flush()?;
        Ok(self.writer.into_inner()?)
    }
}

fn field(column: &Column) -> Result<Arc<Type>, ParquetError> {
    let (physical, logical) = match column.kind {
        ColumnKind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        ColumnKind::Structure | ColumnKind::JsonText => (Physical::BYTE_ARRAY, Some(LogicalType::Json)),
        ColumnKind::Integer => (Physical::INT64, None),
        ColumnKind::Time => (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::MICROS))),
        ColumnKind::Boolean => (Physical::BOOLEAN, None),
    };
    let field = Type::primitive_type_builder(column.name, physical).with_repetition(Repetition::OPTIONAL);
    field.with_logical_type(logical).build().map(Arc::new)
}

impl Gathered {
    fn new(column: &Column) -> Self {
        let values = match column.kind {
            ColumnKind::Text | ColumnKind::Structure | ColumnKind::JsonText => Values::Text(Vec::new()),
            ColumnKind::Integer | ColumnKind::Time => Values::Integer(Vec::new()),
            ColumnKind::Boolean => Values::Boolean(Vec::new()),
        };
        Gathered { values, levels: Vec::new() }
    }

    fn clear(&mut self) {
        self.levels.clear();
        match &mut self.values {
            Values::Text(values) => values.clear(),
            Values::Integer(values) => values.clear(),
            Values::Boolean(values) => values.clear(),
        }
    }

    /// Takes a row's value; says how many bytes of text it is.
    fn take(&mut self, kind: ColumnKind, value: Option<&Value>) -> usize {
        let (mut has, mut bytes) = (true, 0);
        match &mut self.values {
            Values::Text(values) => match text(kind, value) {
                Some(text) => {
                    bytes = text.len();
                    values.push(ByteArray::from(text.into_bytes()));
                }
                None => has = false,
            },
            Values::Integer(values) => match value.and_then(Value::as_i64) {
                Some(number) => values.push(number),
                None => has = false,
            },
            Values::Boolean(values) => match value.and_then(Value::as_bool) {
                Some(flag) => values.push(flag),
                None => has = false,
            },
        }
        self.levels.push(if has { HAS } else { HAS_NOT });
        bytes
    }
}
