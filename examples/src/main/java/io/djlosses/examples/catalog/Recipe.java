/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples.catalog;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.SequentialBlock;

import io.djlosses.examples.support.Column;
import io.djlosses.examples.support.Samples;
import io.djlosses.nd.Nd;

import java.util.Arrays;
import java.util.function.UnaryOperator;

/** How a loss of the catalog learns classes: the form of its label, and of the network's output. */
@SuppressWarnings("ImmutableEnumChecker") // functions here do not change
public enum Recipe {
    /** The class, against any scores. */
    CLASS(Label.CLASS, x -> x),

    /** The class, against logarithms of probabilities that sum to 1. */
    CLASS_LOG_SOFTMAX(Label.CLASS, x -> Nd.logSoftmax(x, 1)),

    /** 1 for the class and 0 for the others, against any scores. */
    ONE_HOT(Label.ONE_HOT, x -> x),

    /** 1 for the class and 0 for the others, against probabilities. */
    ONE_HOT_SIGMOID(Label.ONE_HOT, Nd::sigmoid),

    /** 1 for the class and 0 for the others, against logarithms of probabilities that sum to 1. */
    ONE_HOT_LOG_SOFTMAX(Label.ONE_HOT, x -> Nd.logSoftmax(x, 1)),

    /** 1 for the class and −1 for the others, against any scores. */
    SIGNED(Label.SIGNED, x -> x),

    /** The class, then −1 to the end of the row, against any scores. */
    LIST(Label.LIST, x -> x);

    private final Label label;
    private final UnaryOperator<NDArray> output;

    Recipe(Label label, UnaryOperator<NDArray> output) {
        this.label = label;
        this.output = output;
    }

    /**
     * Writes the classes as the loss wants them.
     *
     * @param samples the samples
     * @return the labels
     */
    public Column labels(Samples samples) {
        int classes = samples.classes().size();
        return label == Label.CLASS
                ? Column.ofClasses(samples.labels())
                : Column.of(
                        Arrays.stream(samples.labels())
                                .mapToObj(c -> label.row(c, classes))
                                .toArray(double[][]::new));
    }

    /**
     * Reads the classes from the labels of this recipe.
     *
     * @param labels the labels
     * @return the classes, one a sample
     */
    public NDArray classes(NDArray labels) {
        return switch (label) {
            case CLASS -> labels;
            case ONE_HOT, SIGNED -> labels.argMax(1);
            case LIST -> labels.get(":, 0");
        };
    }

    /**
     * Ends a network with what turns scores into the form that the loss wants.
     *
     * @param network the network
     */
    public void finish(SequentialBlock network) {
        network.add(list -> new NDList(output.apply(list.singletonOrThrow())));
    }

    private enum Label {
        CLASS,
        ONE_HOT,
        SIGNED,
        LIST;

        double[] row(int sampleClass, int classes) {
            double[] row = new double[classes];
            Arrays.fill(row, this == ONE_HOT ? 0 : -1);
            row[this == LIST ? 0 : sampleClass] = this == LIST ? sampleClass : 1;
            return row;
        }
    }
}
