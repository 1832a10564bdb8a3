// Morphing
