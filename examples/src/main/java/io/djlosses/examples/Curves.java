/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.training.GradientCollector;
import ai.djl.training.loss.Loss;

import io.djlosses.api.Reduction;
import io.djlosses.examples.catalog.Curve;
import io.djlosses.examples.catalog.Declaration;
import io.djlosses.examples.catalog.Declarations;
import io.djlosses.examples.support.ExampleCommand;
import io.djlosses.examples.support.OutOption;
import io.djlosses.examples.support.Plots;
import io.djlosses.nd.Nd;

import org.knowm.xchart.XYChart;
import org.knowm.xchart.style.Styler.LegendLayout;
import org.knowm.xchart.style.Styler.LegendPosition;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

import java.math.BigDecimal;

/** Value and gradient of every loss that is a function of one number. */
@Command(
        name = "curves",
        description = "Plots value and gradient of every element-wise or margin loss.")
final class Curves extends ExampleCommand {

    @Mixin private OutOption out;

    @Override
    public void run() {
        int count = 0;
        for (Declaration loss : Declarations.all()) {
            if (loss.curve().isPresent()) {
                draw(loss.curve().orElseThrow(), loss);
                count++;
            }
        }
        print("%d pictures in %s", count, out.file(""));
    }

    /** Draws the value of a loss, and its gradient beside it, for each label of interest. */
    private void draw(Curve curve, Declaration declared) {
        String name = declared.name();
        XYChart values = chart(name, curve.axis(), "loss");
        XYChart gradients = chart("Gradient of " + name, curve.axis(), "gradient");
        Loss none = declared.build(Reduction.NONE);
        Loss sum = declared.build(Reduction.SUM);
        Engine engine = engine();
        for (double label : curve.labels()) {
            String title =
                    "label " + BigDecimal.valueOf(label).stripTrailingZeros().toPlainString();
            try (NDManager manager = engine.newBaseManager()) {
                NDArray x = curve.x(manager);
                double[] places = Nd.toDoubles(x);
                x.setRequiresGradient(true);
                NDArray value = none.evaluate(curve.labels(x, label), curve.predictions(x));
                Plots.line(values, title, places, Nd.toDoubles(value));
                try (GradientCollector collector = engine.newGradientCollector()) {
                    collector.backward(sum.evaluate(curve.labels(x, label), curve.predictions(x)));
                }
                Plots.line(gradients, title, places, Nd.toDoubles(x.getGradient()));
            }
        }
        boolean legend = curve.labels().length > 1;
        values.getStyler().setLegendVisible(legend);
        gradients.getStyler().setLegendVisible(legend);
        Plots.save(out.file(name + ".png"), values, gradients);
    }

    private static XYChart chart(String title, String x, String y) {
        XYChart chart = Plots.chart(title, x, y, 400, 300);
        chart.getStyler()
                .setLegendPosition(LegendPosition.OutsideS)
                .setLegendLayout(LegendLayout.Horizontal);
        return chart;
    }
}
