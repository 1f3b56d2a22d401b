"""What partners add to the cast's world: the standard program in force, and the two companies as partners."""

from tests.partners import making
from tests.world import World


def extend(world: World) -> None:
    """Northwind and Rival are resellers of Mia's; Rival's texts carry the canary."""
    making.program()
    making.partner(world)
    making.partner(world, "rival", about=f"We are {world.canary}", territory="Nordics")
