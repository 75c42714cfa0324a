/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import ai.djl.training.loss.Loss;

import com.google.gson.JsonObject;

import io.djlosses.api.Choice;
import io.djlosses.examples.catalog.Declaration;
import io.djlosses.examples.catalog.Declarations;
import io.djlosses.examples.catalog.Inputs;
import io.djlosses.examples.catalog.Kind;
import io.djlosses.examples.catalog.Numbers;
import io.djlosses.examples.catalog.SeededDraw;
import io.djlosses.nd.Nd;

import java.util.ArrayList;
import java.util.List;

/**
 * Evaluates all losses forward and backward, of inputs so large that the engine divides each
 * operator among threads, while it may run several operators at a time.
 */
final class OperatorsAtOnceProgram {

    private static final int ROWS = 58_254;

    private OperatorsAtOnceProgram() {}

    /**
     * Prints each loss after it has been evaluated.
     *
     * @param args the engine, and how often each loss is evaluated
     */
    public static void main(String[] args) {
        Engine engine = Engine.getEngine(args[0]);
        int count = Integer.parseInt(args[1]);
        for (Class<? extends Loss> type : losses()) {
            Declaration declaration = Declarations.of(type);
            for (DataType precision : new DataType[] {DataType.FLOAT64, DataType.FLOAT32}) {
                for (Choice choice : new Choice[] {Choice.AUTO, Choice.FORMULA}) {
                    Loss loss = Catalogue.build(type, new JsonObject(), choice);
                    evaluate(engine, loss, declaration.kind(), precision, count);
                    System.out.println("EVALUATED " + type.getSimpleName() + " " + precision);
                }
            }
        }
    }

    /** Returns all losses but those that are, by definition, the product of a large matrix. */
    static List<Class<? extends Loss>> losses() {
        List<Class<? extends Loss>> losses = new ArrayList<>(Catalogue.withRows());
        losses.removeIf(type -> dims(Declarations.of(type).kind()).length == 0);
        return losses;
    }

    private static long[] dims(Kind kind) {
        return switch (kind.extent()) {
            case ELEMENTS, CLASSES -> new long[] {ROWS, 9};
            case IMAGES -> new long[] {4, 9, 100, 100};
            case PAIRS -> new long[] {200, 300};
            case SEQUENCES -> new long[] {50, 16, 20, 30};
            case VOCABULARIES, SAMPLES -> new long[0];
        };
    }

    private static void evaluate(
            Engine engine, Loss loss, Kind kind, DataType precision, int count) {
        Inputs<Numbers> inputs = kind.inputs(new SeededDraw(3), dims(kind));
        try (NDManager manager = engine.newBaseManager()) {
            List<Data> labelData = new ArrayList<>(inputs.labels().stream().map(Data::of).toList());
            if (kind == Kind.CLASS_LISTS) {
                labelData.set(0, eightTargets());
            }
            NDList labels = Data.arrays(labelData, manager, precision);
            NDList predictions =
                    Data.arrays(
                            inputs.predictions().stream().map(Data::of).toList(),
                            manager,
                            precision);
            predictions.forEach(array -> array.setRequiresGradient(true));
            for (int i = 0; i < count; i++) {
                try (GradientCollector collector = engine.newGradientCollector();
                        NDManager own = manager.newSubManager()) {
                    NDArray value = loss.evaluate(labels, predictions);
                    value.attach(own);
                    collector.backward(value);
                    for (NDArray prediction : predictions) {
                        NDArray gradient = prediction.getGradient();
                        gradient.attach(own);
                        Nd.toDoubles(gradient);
                    }
                    Nd.toDoubles(value);
                }
            }
        }
    }

    private static Data eightTargets() {
        double[] targets = new double[ROWS * 9];
        for (int i = 0; i < targets.length; i++) {
            int row = i / 9;
            targets[i] = i % 9 == 8 ? -1 : (row + i % 9) % 9;
        }
        return new Data("int64", new Shape(ROWS, 9), targets);
    }
}
