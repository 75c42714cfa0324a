/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples;

import io.djlosses.nd.Nd;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

import io.djlosses.examples.support.Plots;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** How a loss is drawn as a function of one number x. */
@SuppressWarnings("ImmutableEnumChecker") // the lists do not change
enum Curve {
    /** Any number, less its label. */
    NUMBER(
            "prediction - label",
            -3,
            3,
            new double[] {0},
            "HuberLoss",
            "L1Loss",
            "MSELoss",
            "SmoothL1Loss"),

    /** The logarithm of a rate against counts. */
    COUNT("logarithm of the rate", -3, 3, new double[] {0, 1, 3}, "PoissonNLLLoss"),

    /** The logarithm of a probability against probabilities. */
    LOG_PROBABILITY("logarithm of the probability", -3, 0, new double[] {0.2, 0.8}, "KLDivLoss"),

    /** A logit against no and yes. */
    LOGIT("logit", -4, 4, new double[] {0, 1}, "BCEWithLogitsLoss", "SigmoidFocalLoss"),

    /** A probability against no and yes. */
    PROBABILITY("probability", 0.05, 0.95, new double[] {0, 1}, "BCELoss", "FocalLoss"),

    /** A score against −1 and 1. */
    SCORE(
            "score",
            -3,
            3,
            new double[] {-1, 1},
            "HingeLoss",
            "LogisticLoss",
            "SoftMarginLoss",
            "SquaredHingeLoss"),

    /** A distance of two points that are to be apart (−1) or together (1). */
    DISTANCE("distance", 0, 3, new double[] {-1, 1}, "HingeEmbeddingLoss"),

    /** The logit of one of several labels. */
    LABELS("logit", -4, 4, new double[] {0, 1}, "MultiLabelSoftMarginLoss") {
        @Override
        NDList labels(NDArray x, double label) {
            return new NDList(constant(x, label).reshape(-1, 1));
        }

        @Override
        NDList predictions(NDArray x) {
            return new NDList(x.reshape(-1, 1));
        }
    },

    /** The score of a class, against one other class of score 0. */
    CLASSES("score of class 0; class 1 has 0", -3, 3, new double[] {0, 1}, "MultiMarginLoss") {
        @Override
        NDList predictions(NDArray x) {
            return new NDList(pair(x, x.zerosLike()));
        }
    },

    /** The same with a list of classes for a label. */
    CLASS_LISTS(
            "score of class 0; class 1 has 0", -3, 3, new double[] {0, 1}, "MultiLabelMarginLoss") {
        @Override
        NDList labels(NDArray x, double label) {
            return new NDList(pair(constant(x, label), constant(x, -1)));
        }

        @Override
        NDList predictions(NDArray x) {
            return new NDList(pair(x, x.zerosLike()));
        }
    },

    /**
     * The lead of one score over another, of which the first (1) or second (−1) is to be higher.
     */
    LEAD("first score; the second is 0", -3, 3, new double[] {-1, 1}, "MarginRankingLoss") {
        @Override
        NDList predictions(NDArray x) {
            return new NDList(x, x.zerosLike());
        }
    },

    /** The distance from anchor to positive point, where the negative one is 2 away. */
    TRIPLET("distance to positive; negative at 2", 0, 4, new double[] {0}, "TripletMarginLoss") {
        @Override
        NDList predictions(NDArray x) {
            NDArray positive = x.reshape(-1, 1);
            return new NDList(positive.zerosLike(), positive, positive.zerosLike().add(2));
        }
    },

    /** The angle between two vectors that are to be different (−1) or alike (1). */
    ANGLE("angle between the vectors", -3, 3, new double[] {-1, 1}, "CosineEmbeddingLoss") {
        @Override
        NDList predictions(NDArray x) {
            return new NDList(pair(x.onesLike(), x.zerosLike()), pair(x.cos(), x.sin()));
        }
    };

    private static final int POINTS = 121;

    final String axis;
    final double[] labels;
    final List<String> losses;
    private final double from;
    private final double to;

    Curve(String axis, double from, double to, double[] labels, String... losses) {
        this.axis = axis;
        this.from = from;
        this.to = to;
        this.labels = labels;
        this.losses = List.of(losses);
    }

    /**
     * Finds how a loss is drawn.
     *
     * @param loss the simple name of its class
     * @return the curve, if there is one
     */
    static Optional<Curve> of(String loss) {
        return Stream.of(values()).filter(curve -> curve.losses.contains(loss)).findFirst();
    }

    NDArray x(NDManager manager) {
        double[] x = Plots.range(from, to, POINTS);
        return Nd.create(manager, x, new Shape(x.length), DataType.FLOAT32);
    }

    NDList labels(NDArray x, double label) {
        return new NDList(constant(x, label));
    }

    NDList predictions(NDArray x) {
        return new NDList(x);
    }

    private static NDArray constant(NDArray x, double value) {
        return x.stopGradient().zerosLike().add((float) value);
    }

    private static NDArray pair(NDArray first, NDArray second) {
        return NDArrays.stack(new NDList(first, second), 1);
    }
}
