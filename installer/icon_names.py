"""The Lucide icons the windows use, by Lucide's own names. An icon that is not on this list is not there."""

from typing import Final

_NAMES: Final = """
activity archive arrow-down arrow-left arrow-right arrow-up badge-check building-2 calendar check check-check
chevron-down chevron-left chevron-right chevron-up circle-alert circle-check circle-dot circle-question-mark
circle-x clipboard-list clock cloud cloud-check cloud-off cloud-upload contrast crosshair download droplets ellipsis
eye eye-off file-check file-text fingerprint-pattern folder-open gauge grid-2x2 heart-pulse history hospital
hourglass id-card image images inbox info key-round languages layers link link-2-off list lock log-in log-out
map-pin maximize message-square minus monitor moon move package paperclip pause pen-line pencil phone play plug plus
printer refresh-cw rotate-ccw ruler save scan scan-line search send server settings shield shield-check signature
siren snowflake stethoscope sun thermometer trash-2 triangle-alert undo-2 unlink upload user user-check user-plus
users wifi wifi-off x zoom-in zoom-out archive-restore chart-column database-backup hard-drive life-buoy lock-open
scroll-text shield-alert timer layout-grid rotate-cw-square rotate-ccw-square flip-horizontal-2 flip-vertical-2 expand
hand maximize-2 proportions scan-search skip-back skip-forward repeat repeat-2 square-play keyboard star fullscreen
layout-panel-left move-3d rotate-cw
triangle-right spline circle square lasso move-up-right type baby pencil-ruler list-ordered redo-2 locate
"""
ICON_NAMES: Final[frozenset[str]] = frozenset(_NAMES.split())
