"""The mapping between the contract and the Messages API: pure, no I/O, no settings. `request` goes out, `answer`
and `stream` come back; what they share lies beside them."""
