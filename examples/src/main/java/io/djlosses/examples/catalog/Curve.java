/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples.catalog;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

import io.djlosses.examples.support.Plots;
import io.djlosses.nd.Nd;

/** How a loss is drawn as a function of one number x. */
@SuppressWarnings("ImmutableEnumChecker") // the arrays do not change
public enum Curve {
    /** Any number, less its label. */
    NUMBER("prediction - label", -3, 3, new double[] {0}),

    /** The logarithm of a rate against counts. */
    COUNT("logarithm of the rate", -3, 3, new double[] {0, 1, 3}),

    /** The logarithm of a probability against probabilities. */
    LOG_PROBABILITY("logarithm of the probability", -3, 0, new double[] {0.2, 0.8}),

    /** A logit against no and yes. */
    LOGIT("logit", -4, 4, new double[] {0, 1}),

    /** A probability against no and yes. */
    PROBABILITY("probability", 0.05, 0.95, new double[] {0, 1}),

    /** A score against −1 and 1. */
    SCORE("score", -3, 3, new double[] {-1, 1}),

    /** A distance of two points that are to be apart (−1) or together (1). */
    DISTANCE("distance", 0, 3, new double[] {-1, 1}),

    /** The logit of one of several labels. */
    LABELS("logit", -4, 4, new double[] {0, 1}) {
        @Override
        public NDList labels(NDArray x, double label) {
            return new NDList(constant(x, label).reshape(-1, 1));
        }

        @Override
        public NDList predictions(NDArray x) {
            return new NDList(x.reshape(-1, 1));
        }
    },

    /** The score of a class, against one other class of score 0. */
    CLASSES("score of class 0; class 1 has 0", -3, 3, new double[] {0, 1}) {
        @Override
        public NDList predictions(NDArray x) {
            return new NDList(pair(x, x.zerosLike()));
        }
    },

    /** The same with a list of classes for a label. */
    CLASS_LISTS("score of class 0; class 1 has 0", -3, 3, new double[] {0, 1}) {
        @Override
        public NDList labels(NDArray x, double label) {
            return new NDList(pair(constant(x, label), constant(x, -1)));
        }

        @Override
        public NDList predictions(NDArray x) {
            return new NDList(pair(x, x.zerosLike()));
        }
    },

    /**
     * The lead of one score over another, of which the first (1) or second (−1) is to be higher.
     */
    LEAD("first score; the second is 0", -3, 3, new double[] {-1, 1}) {
        @Override
        public NDList predictions(NDArray x) {
            return new NDList(x, x.zerosLike());
        }
    },

    /** The distance from anchor to positive point, where the negative one is 2 away. */
    TRIPLET("distance to positive; negative at 2", 0, 4, new double[] {0}) {
        @Override
        public NDList predictions(NDArray x) {
            NDArray positive = x.reshape(-1, 1);
            return new NDList(positive.zerosLike(), positive, positive.zerosLike().add(2));
        }
    },

    /** The angle between two vectors that are to be different (−1) or alike (1). */
    ANGLE("angle between the vectors", -3, 3, new double[] {-1, 1}) {
        @Override
        public NDList predictions(NDArray x) {
            return new NDList(pair(x.onesLike(), x.zerosLike()), pair(x.cos(), x.sin()));
        }
    };

    private static final int POINTS = 121;

    private final String axis;
    private final double[] labels;
    private final double from;
    private final double to;

    Curve(String axis, double from, double to, double[] labels) {
        this.axis = axis;
        this.from = from;
        this.to = to;
        this.labels = labels;
    }

    /**
     * Tells what x is.
     *
     * @return the name of the axis
     */
    public String axis() {
        return axis;
    }

    /**
     * Returns the labels that a line is drawn for.
     *
     * @return the labels
     */
    public double[] labels() {
        return labels.clone();
    }

    /**
     * Makes the places at which the loss is computed.
     *
     * @param manager the manager of the array
     * @return the places
     */
    public NDArray x(NDManager manager) {
        double[] x = Plots.range(from, to, POINTS);
        return Nd.create(manager, x, new Shape(x.length), DataType.FLOAT32);
    }

    /**
     * Makes the labels of the loss.
     *
     * @param x the places
     * @param label the label, everywhere
     * @return the labels
     */
    public NDList labels(NDArray x, double label) {
        return new NDList(constant(x, label));
    }

    /**
     * Makes the predictions of the loss.
     *
     * @param x the places
     * @return the predictions
     */
    public NDList predictions(NDArray x) {
        return new NDList(x);
    }

    private static NDArray constant(NDArray x, double value) {
        return x.stopGradient().zerosLike().add((float) value);
    }

    private static NDArray pair(NDArray first, NDArray second) {
        return NDArrays.stack(new NDList(first, second), 1);
    }
}
