"""Carries an `Adapter` over the exports of the contract: what comes in is lifted into `caisson.api`, what
goes out is checked and lowered, whatever is raised becomes an error. Only a component imports it: `component`
in the world `adapter`, `component_async` in the world `adapter-async`."""
