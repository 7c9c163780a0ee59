use pikku_core::PikkuError;

#[derive(Debug, PikkuError)]
pub enum TodoError {
    #[pikku(status = 404)]
    NotFound,
}

fn main() {}
