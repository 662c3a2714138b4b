//! What the Plug and Play manager does to the device.

use behaviors::Target;
use csq_protocol::status;
use model::Operation;
use model::model::State;
use ntsim::nt::pnp;

use super::{Duel, same_status};

impl Duel<'_> {
    pub(super) fn plug_and_play(&mut self, operation: &Operation) -> Result<(), String> {
        let state = self.model.state();
        match (operation, state) {
            (Operation::Install, State::Gone) => {
                self.target.install_with(&self.kernel.parameters())?;
                self.model.install();
                self.told.clear();
            }
            (Operation::Install, _) | (_, State::Gone) => {}
            (Operation::Remove, _) => {
                self.target.remove()?;
                self.model.remove();
            }
            (Operation::QueryStop, State::Started) => {
                self.must(pnp::QUERY_STOP_DEVICE)?;
                self.model.hold(State::StopPending);
            }
            (Operation::Stop, State::StopPending) => {
                self.must(pnp::STOP_DEVICE)?;
                self.model.hold(State::Stopped);
            }
            (Operation::Start, State::Stopped) => {
                self.must(pnp::START_DEVICE)?;
                self.model.start();
            }
            (Operation::QueryRemove, State::Started | State::StopPending | State::Stopped) => {
                self.must(pnp::QUERY_REMOVE_DEVICE)?;
                self.model.hold(State::RemovePending);
            }
            (Operation::CancelStop, state) => {
                self.must(pnp::CANCEL_STOP_DEVICE)?;
                if state == State::StopPending {
                    self.model.go_back();
                }
            }
            (Operation::CancelRemove, state) => {
                self.must(pnp::CANCEL_REMOVE_DEVICE)?;
                if state == State::RemovePending {
                    self.model.go_back();
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn must(&self, minor: u8) -> Result<(), String> {
        let status = self.target.plug_and_play(minor);
        same_status(status.unwrap_or(u32::MAX), status::SUCCESS)
    }
}
