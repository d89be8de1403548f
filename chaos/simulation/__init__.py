"""A simulated system behind the port `chaos.cluster.Cluster`, for people without a cluster.

`simulator.Simulator` is the way in, and the only thing here that the rest of the package needs;
`topology.draw_topology` draws systems from a seed.
"""
