"""`rnncc bench --device cuda`: how a device is timed, how long its blocks take to meet, and what its plans are made of."""
