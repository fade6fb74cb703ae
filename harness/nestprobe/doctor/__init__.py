"""Why a variable is not counted, not trained or not saved: the place, the line, the cause and the mend."""
