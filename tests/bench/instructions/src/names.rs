// How the routes and the actions of large applications are called; the build script includes this too.

fn action(number: usize) -> String {
    format!("action-{number:04}")
}

fn route(number: usize) -> String {
    match number % 2 {
        0 => format!("/things/{number}"),
        _ => format!("/things/{number}/parts/{{part}}"),
    }
}
