"""Why a transform could not be given."""


class TransformException(Exception):
    """Base of all of them."""


class LookupException(TransformException):
    """A frame does not exist, or the frames form a loop."""


class ConnectivityException(TransformException):
    """The two frames are in trees that do not touch."""


class ExtrapolationException(TransformException):
    """The time asked for lies before or after what is known."""


class InvalidArgumentException(TransformException):
    """A frame name is empty or starts with a slash."""
