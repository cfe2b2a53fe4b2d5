"""What rnncc raises: the user's mistakes (`UserError` and below) apart from its own (`InternalError`)."""


class RnnccError(Exception):
    """Base of everything rnncc raises on purpose."""


class UserError(RnnccError):
    """A mistake the caller can mend; the message says how."""


class SpecError(UserError):
    """A spec that is wrong; the message holds every fault with its place, found, expected and help.

    `faults` are the same one by one (`rnncc.spec.fault.Fault`).
    """

    def __init__(self, message: str, faults: tuple[object, ...] = ()) -> None:
        super().__init__(message, faults)
        self.faults = faults

    def __str__(self) -> str:
        return str(self.args[0])


class ShapeError(UserError, ValueError):
    """An array of the wrong rank or size, or lengths that do not fit."""


class DtypeError(UserError, TypeError):
    """An array or a layer of a dtype that is not served."""


class DeviceError(UserError, ValueError):
    """A device that does not exist here."""


class ArgumentError(UserError, ValueError):
    """A keyword or a value that a layer, a cell or a training part does not take."""


class WeightsError(UserError, ValueError):
    """A weights file that is damaged or belongs to another layer."""


class CacheWarning(UserWarning):
    """The kernel cache cannot be used; work goes on without it."""


class InternalError(RnnccError):
    """rnncc broke one of its own rules: a fault to report, with the spec that caused it."""
