//! Points at which an invocation is killed, or stands still for a while.

use local::{
    aws::{CrashPoint, Gate},
    google::Stop,
};
use tests::world::World;

use super::actions::{Place, Point};

/// A point at which an invocation gets no answer any more.
pub(super) enum End {
    Aws(CrashPoint),
    Google(Stop),
}

impl End {
    pub(super) fn at(world: &World, point: Point) -> Self {
        match point.place {
            Place::Aws => Self::Aws(world.aws.faults().stop_at(point.nth as u64, point.of_aws())),
            Place::Google => Self::Google(world.google.faults().stop_at(point.nth, point.of_google())),
        }
    }

    pub(super) async fn reached(&mut self) {
        match self {
            Self::Aws(point) => point.reached().await,
            Self::Google(stop) => stop.reached().await,
        }
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
