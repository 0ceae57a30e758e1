"""What plain Python logs, told where nodes tell it."""

from __future__ import annotations

import logging

from rclpy.logging import get_logger


class ROSLogHandler(logging.Handler):
    """Hands records of `logging` to ROS's log, under their loggers' names."""

    def emit(self, record: logging.LogRecord) -> None:
        """Hand one on."""
        text, logger = self.format(record), get_logger(record.name)
        # A call for each: rclpy remembers where it was called, and refuses another severity from there.
        if record.levelno >= logging.ERROR:
            logger.error(text)
        elif record.levelno >= logging.WARNING:
            logger.warning(text)
        else:
            logger.info(text)
