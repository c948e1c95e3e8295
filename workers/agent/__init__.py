"""How an investigation thinks: facts, hypotheses, evidence, conclusion; tools only through the gate."""
