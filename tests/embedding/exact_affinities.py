from cutaway.embedding.tsne.affinities import joint_affinities, neighbors_for
from cutaway.neighbors import nearest_neighbors


def affinities_of(points, perplexity):
    return joint_affinities(nearest_neighbors(points, neighbors_for(perplexity, len(points))), perplexity)
