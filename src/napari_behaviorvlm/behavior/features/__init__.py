"""What an animal does in a moment, as numbers: kinematics of its pose, relations to the others."""
