//! Values of every shape go from the server to the generated Rust client and back, unchanged (G1, G3).

use e2e::{app, client::TestClient, serve};
use serde::{Serialize, de::DeserializeOwned};

/// A value as an input, whose type is another where fields may be left out.
fn as_input<I: DeserializeOwned>(value: &impl Serialize) -> I {
    let json = serde_json::to_value(value).expect("plain data");
    serde_json::from_value(json).expect("an input takes whatever is put out")
}

/// For each shape: values from the server, which the server then has to recognize as its own, one by one as well.
macro_rules! fidelity {
    ($($name:ident: $sample:ident $verify:ident $echo:ident;)*) => {$(
        #[tokio::test]
        async fn $name() {
            let server = serve(app().await).await;
            let api = TestClient::new(format!("http://{}", server.address)).expect("an address");
            let values = api.$sample().await.expect("values");
            assert!(!values.is_empty());
            assert!(api.$verify(&as_input::<Vec<_>>(&values)).await.expect("an answer"), "changed on the way: {values:#?}");
            for value in &values {
                assert_eq!(&api.$echo(&as_input(value)).await.expect("it is good"), value);
            }
        }
    )*};
}

fidelity! {
    renamed: sample_renamed verify_renamed echo_renamed;
    optional: sample_optional verify_optional echo_optional;
    numbers: sample_numbers verify_numbers echo_numbers;
    foreign: sample_foreign verify_foreign echo_foreign;
    collections: sample_collections verify_collections echo_collections;
    enums: sample_enums verify_enums echo_enums;
    external: sample_external verify_external echo_external;
    flattened: sample_flattened verify_flattened echo_flattened;
    flattened_enum: sample_flattened_enum verify_flattened_enum echo_flattened_enum;
    wrappers: sample_wrappers verify_wrappers echo_wrappers;
    tree: sample_tree verify_tree echo_tree;
}
