//! Types without what Rust has no type for, made wider where that is needed.

use crate::schema::{Tagging, Type};

/// Makes numbers that are always the same numbers, and leaves out what an untagged enum could never come to.
pub(super) fn simplify(ty: Type) -> Type {
    match ty {
        Type::Const(value) => match value {
            serde_json::Value::String(_) => Type::Const(value),
            serde_json::Value::Bool(_) => Type::Boolean,
            serde_json::Value::Number(number) if number.is_f64() => Type::Number(None),
            serde_json::Value::Number(_) => Type::Integer(None),
            _ => Type::Any,
        },
        Type::List(item) => Type::List(boxed(*item)),
        Type::Set(item) => Type::Set(boxed(*item)),
        Type::Map(values) => Type::Map(boxed(*values)),
        Type::Tuple(items) => Type::Tuple(items.into_iter().map(simplify).collect()),
        Type::Nullable(inner) => match simplify(*inner) {
            inner @ (Type::Any | Type::Null | Type::Nullable(_)) => inner,
            inner => Type::Nullable(Box::new(inner)),
        },
        Type::Object(mut object) => {
            for field in &mut object.fields {
                simplify_in_place(&mut field.ty);
            }
            object.flattened.iter_mut().for_each(simplify_in_place);
            object.rest = object.rest.map(|rest| boxed(*rest));
            Type::Object(object)
        }
        Type::Union(mut union) => {
            union.variants.iter_mut().filter_map(|variant| variant.content.as_mut()).for_each(simplify_in_place);
            if union.tagging == Tagging::Untagged {
                let mut seen = Vec::new();
                union.variants.retain(|variant| {
                    let is_new = !seen.contains(&variant.content);
                    seen.push(variant.content.clone());
                    is_new
                });
                if union.variants.len() == 1 {
                    return union.variants.remove(0).content.unwrap_or(Type::Null);
                }
            }
            if union.variants.is_empty() { Type::Any } else { Type::Union(union) }
        }
        other => other,
    }
}

fn boxed(ty: Type) -> Box<Type> {
    Box::new(simplify(ty))
}

fn simplify_in_place(ty: &mut Type) {
    *ty = simplify(std::mem::replace(ty, Type::Any));
}
