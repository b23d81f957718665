"""Carries an `Adapter` over the exports of the contract: what comes in is lifted into `caisson.api`, what
goes out is checked and lowered, whatever is raised becomes an error. Only a component imports it."""

from caisson.guest.component import component

__all__ = ["component"]
