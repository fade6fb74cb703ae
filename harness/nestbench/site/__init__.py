"""The compatibility report: a static site made from results alone, the same bytes for the same results."""

from nestbench.site.build import Built, build
from nestbench.site.folder import Folder
from nestbench.site.source import Source
from nestbench.site.survey import Survey, survey_of

__all__ = ["Built", "Folder", "Source", "Survey", "build", "survey_of"]
