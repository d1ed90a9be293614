"""The tables of the observatory's data flow, from proposals to transfers: what was planned and done."""
