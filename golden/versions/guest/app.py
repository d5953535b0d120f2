"""Exports the new version of an interface by means of the old one."""

from versions_bindings.guest import exports, lib_counter_api_0_1_0, lib_counter_api_0_2_0, lib_counter_other
from versions_bindings.guest.exports.lib_counter_api_0_2_0 import Api
from versions_bindings.types.lib_counter_api_0_2_0 import State


class OwnApi(Api):
    def get(self) -> State:
        new = lib_counter_api_0_2_0.get()
        old = lib_counter_api_0_1_0.get()
        return State(new.count + old.count, lib_counter_other.label(new))


exports.serve(__name__, lib_counter_api_0_2_0=OwnApi())
