/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.embedding;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;

import io.djlosses.api.Checks;
import io.djlosses.nd.Nd;

/** Shared code of the functions and losses of pairs of embeddings. */
final class Pairs {

    private Pairs() {}

    /** Checks the arguments of a function of pairs, and returns their broadcast shape. */
    static Shape check(String name, NDArray x1, NDArray x2) {
        Checks.array(name, "x1", x1);
        Checks.array(name, "x2", x2);
        Checks.require(
                x1.getDataType().isFloating(),
                name,
                "x1",
                "have a floating-point type",
                x1.getDataType());
        if (x2.getDataType() != x1.getDataType()) {
            throw Checks.failure(
                    name,
                    "x2",
                    "have the data type " + x1.getDataType() + " of x1",
                    x2.getDataType());
        }
        return Checks.broadcast(name, "x1 and x2", x1.getShape(), x2.getShape());
    }

    /** Broadcasts an array to a shape. */
    static NDArray fit(NDArray x, Shape shape) {
        return x.getShape().equals(shape) ? x : x.broadcast(shape);
    }

    /** Checks that predictions are embeddings (…, D) of equal shape, with a rank in a range. */
    static void checkEmbeddings(
            String loss, NDList predictions, int minRank, int maxRank, String form) {
        for (int i = 0; i < predictions.size(); i++) {
            NDArray embedding = predictions.get(i);
            Shape required = predictions.get(0).getShape();
            int rank = embedding.getShape().dimension();
            if (rank < minRank || rank > maxRank || !embedding.getShape().equals(required)) {
                String argument = "predictions[" + i + "]";
                Checks.rank(loss, argument, embedding, minRank, maxRank, form);
                Checks.shape(
                        loss, argument, embedding.getShape(), required, "match predictions[0]");
            }
        }
        checkComponents(loss, "predictions[0]", predictions.get(0).getShape(), -1);
    }

    /** Checks that embeddings have a component along an axis. */
    static void checkComponents(String name, String argument, Shape shape, int axis) {
        int rank = shape.dimension();
        Checks.require(
                rank > 0 && shape.get(Math.floorMod(axis, rank)) > 0,
                name,
                argument,
                "have at least one component",
                shape);
    }

    /** Returns a shape without one of its axes. */
    static Shape without(Shape shape, int axis) {
        return shape.slice(0, axis).addAll(shape.slice(axis + 1));
    }

    /** Returns Σ x1 x2 along an axis, which is kept with size 1. */
    static NDArray dot(NDArray x1, NDArray x2, int axis) {
        return Nd.sum(x1.mul(x2), axis, true);
    }
}
