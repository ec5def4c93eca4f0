"""Commands that judge: suspect labels, the doctor, confidence and the learning curve."""
