"""The linear regions and the decision boundary on the plane through three samples, exactly."""
