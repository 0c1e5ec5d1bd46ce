//! Points at which an invocation is killed, or stands still for a while.

use local::{aws::Gate, google::Stop};
use tests::{crash::Crash, world::World};

use super::actions::{Place, Point};

/// The point as one at which an invocation gets no answer any more.
pub(super) fn end_at(world: &World, point: Point) -> Crash {
    match point.place {
        Place::Aws => Crash::at_aws(world, point.nth, point.of_aws()),
        Place::Google => Crash::at_google(world, point.nth, point.of_google()),
    }
}

/// A point at which an invocation stands still. At DynamoDB the call is carried out when it goes on; at Google it was
/// carried out or not, its answer is lost, and the function may try again.
pub(super) enum Halt {
    Aws(Vec<Gate>),
    Google(Stop),
}

impl Halt {
    pub(super) fn at(world: &World, point: Point) -> Self {
        match point.place {
            Place::Aws => Self::Aws((0..point.nth).map(|_| world.aws.faults().hold("DynamoDB")).collect()),
            Place::Google => Self::Google(world.google.faults().stop_at(point.nth, point.of_google())),
        }
    }

    pub(super) async fn reached(&mut self) {
        match self {
            Self::Google(stop) => stop.reached().await,
            Self::Aws(gates) => {
                let last = gates.split_off(gates.len() - 1);
                for mut gate in gates.drain(..) {
                    gate.reached().await;
                    gate.release();
                }
                *gates = last;
                gates[0].reached().await;
            }
        }
    }
}
